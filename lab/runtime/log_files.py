"""Read logs that are files: their last lines, and on request what comes."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from lab.runtime.process import log_tail

POLL = 0.2  # seconds


def read(files: Mapping[str, Path], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
    """The last `lines` of each file, as (name, line); then, if followed, every new one, until closed."""
    for name, path in files.items():
        yield from ((name, line) for line in log_tail(path, lines))
    if follow:
        yield from _follow(files)


def _follow(paths: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    with ExitStack() as stack:
        files = {}
        for name, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            files[name] = stack.enter_context(path.open(errors="replace"))
            files[name].seek(0, 2)
        rest = dict.fromkeys(files, "")
        while True:
            for name, file in files.items():
                if _was_set_aside(file.fileno(), paths[name]):
                    file = files[name] = stack.enter_context(paths[name].open(errors="replace"))
                *whole, rest[name] = (rest[name] + file.read()).split("\n")
                yield from ((name, line) for line in whole)
            time.sleep(POLL)


def _was_set_aside(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return False
