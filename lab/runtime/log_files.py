"""Read log files: their last lines, and with `follow` every new line."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

POLL = 0.2
"""Seconds between two looks for new lines."""

BLOCK = 65536
"""Bytes that are read at a time from the end of a file."""


def read(files: Mapping[str, Path], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
    """Yield the last `lines` of each file as (name, line); with `follow`, every new line too, without end.

    A missing file has no lines. `follow` makes it, and its folder.
    """
    ends = {}
    for name, path in files.items():
        ends[name] = path.stat().st_size if path.exists() else 0
        yield from ((name, line) for line in tail(path, lines, ends[name]))
    if follow:
        yield from _follow(files, ends)


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


def _follow(paths: Mapping[str, Path], starts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    with ExitStack() as stack:
        files = {}
        for name, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            files[name] = stack.enter_context(path.open(errors="replace"))
            files[name].seek(starts[name])
        rest = dict.fromkeys(files, "")
        while True:
            for name, file in files.items():
                if _was_replaced(file.fileno(), paths[name]):
                    file = files[name] = stack.enter_context(paths[name].open(errors="replace"))
                *whole, rest[name] = (rest[name] + file.read()).split("\n")
                yield from ((name, line) for line in whole)
            time.sleep(POLL)


def _was_replaced(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return False
