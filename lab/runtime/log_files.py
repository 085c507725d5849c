"""Read log files in the order of time: their last lines, and with `follow` every new line."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from lab.runtime.log_order import LogOrder

POLL = 0.2
"""Seconds between two looks for new lines."""

BLOCK = 65536
"""Bytes that are read at a time from the end of a file."""


def read(files: Mapping[str, Path], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
    """Yield the last `lines` of each file as (name, line); with `follow`, every new line too, without end.

    Lines of several files are in the order of time, the new ones as far as they are read together. A missing
    file has no lines. `follow` makes it, and its folder.
    """
    found = {name: path.stat() for name, path in files.items() if path.exists()}
    ends = {name: found[name].st_size if name in found else 0 for name in files}
    order = LogOrder({name: one.st_mtime for name, one in found.items()})
    yield from order.merge({name: tail(path, lines, ends[name]) for name, path in files.items()})
    if follow:
        yield from _follow(files, ends, order)


def tail(path: Path, lines: int = 20, end: int | None = None) -> tuple[str, ...]:
    """Return the last `lines` before byte `end` (default: the file's end); none if it cannot be read."""
    if lines < 1:
        return ()
    try:
        with path.open("rb") as file:
            at = path.stat().st_size if end is None else end
            text = b""
            # One line break more than lines: the first line must be whole.
            while at > 0 and text.count(b"\n") <= lines:
                step = min(BLOCK, at)
                at -= step
                file.seek(at)
                text = file.read(step) + text
    except OSError:
        return ()
    return tuple(text.decode(errors="replace").splitlines()[-lines:])


def _follow(
    paths: Mapping[str, Path], starts: Mapping[str, int], order: LogOrder
) -> Iterator[tuple[str, str]]:
    with ExitStack() as stack:
        files = {}
        for name, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            files[name] = stack.enter_context(path.open(errors="replace"))
            files[name].seek(starts[name])
        rest = dict.fromkeys(files, "")
        while True:
            batch = {}
            for name, file in files.items():
                replaced = _was_replaced(file.fileno(), paths[name])  # asked first: what comes later is read
                text = rest[name] + file.read()
                if replaced:
                    file.close()
                    files[name] = stack.enter_context(paths[name].open(errors="replace"))
                    if text and not text.endswith("\n"):
                        text += "\n"
                    text += files[name].read()
                *batch[name], rest[name] = text.split("\n")
            yield from order.merge(batch)
            time.sleep(POLL)


def _was_replaced(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return False
