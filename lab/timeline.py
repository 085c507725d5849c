"""The candidate's own record in a handout: which `lab` commands were run, when, and with which exit code."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.json_files import from_json, to_json

FILE = ".lab/timeline.jsonl"
MOST_BYTES = 2**20
"""Bytes at the end of the file that are read: thousands of commands. A candidate can make it of any size."""

LAST_MOMENT = 2.0**33
"""Unix time in seconds, of the year 2242. The file is the candidate's: a time in it can be any number."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, its exit code, and its end in Unix time (seconds)."""

    words: tuple[str, ...]
    code: int
    at: float


def add(root: Path, words: Sequence[str], code: int) -> None:
    """Add a line for a command that has ended, unless there is no `.lab`, or it cannot be written to."""
    line = to_json(Command(tuple(words), code, time.time()), indent=0) + "\n"
    with suppress(OSError):
        if (root / FILE).parent.is_dir():
            with (root / FILE).open("a", encoding="utf-8") as file:
                file.write(line)


def read(root: Path) -> Iterator[Command]:
    """Yield the latest commands in their order. Lines that cannot be read or used are left out."""
    with suppress(OSError):
        for line in _end_of(root / FILE).split(b"\n"):
            with suppress(ValueError):
                found = from_json(line, Command)
                if 0 <= found.at < LAST_MOMENT:  # false for a NaN
                    yield found


def _end_of(file: Path) -> bytes:
    with file.open("rb") as content:
        content.seek(max(0, content.seek(0, os.SEEK_END) - MOST_BYTES))
        return content.read(MOST_BYTES)
