"""The reference's answers, kept beside the prepared server: the same code gives the same ones again.

Only what is not kept needs a running reference: the first comparison with these fixes, and what is tried
again because it differed.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import distributions
from pathlib import Path

from lab import __version__
from lab.engine.kept_rows import Relations, Rows
from lab.errors import LabError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.probing.contract.script import Answer, Script, Task, Transcript
from lab.shadow.system import System

FOLDER = "references"
FORMAT = 1
"""Increase this when the form of what is kept changes."""

MOST = 150
"""References that are kept, of about 1.5 MB each: more than there are subsets of seven fixes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one reference has answered to its scripts, and what its rows were before the first of them.

    `totals` are those of a table, by `_key` of the table and its columns.
    """

    transcripts: tuple[tuple[Answer, ...], ...] = ()
    relations: dict[str, dict[str, str]] = field(default_factory=dict)
    totals: dict[str, tuple[int, str]] = field(default_factory=dict)


class KeptReference:
    """A reference that is started at the first question to which the answer is not kept.

    Its methods raise as `start` does, and as those of a `System` do.
    """

    def __init__(self, kept: Kept, scripts: Sequence[Script], start: Callable[[], System]) -> None:
        self.kept = kept
        self._scripts, self._start = list(scripts), start
        self._running: System | None = None
        self._asked = False
        self.doubted = False
        """Set it if a difference did not come again: then what is kept is deleted."""
        if not kept.transcripts:
            self._system()

    @property
    def rows(self) -> Rows:
        return self

    @property
    def problem(self) -> str:
        return self._running.problem if self._running else ""

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        first = not self._asked and [task.script for task in tasks] == self._scripts
        self._asked = True
        if first and self.kept.transcripts:
            return list(self.kept.transcripts)
        found = self._system().play(tasks)
        if first and not any(answer.problem for transcript in found for answer in transcript):
            self.kept = replace(self.kept, transcripts=tuple(found))
        return found

    def stop(self) -> None:
        if self._running:
            self._running.stop()

    def relations(self) -> Relations:
        if not self.kept.relations:
            self.kept = replace(self.kept, relations=self._system().rows.relations())
        return self.kept.relations

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        key = _key(relation, *columns)
        if key not in self.kept.totals:
            found = self._system().rows.total(relation, columns)
            self.kept = replace(self.kept, totals={**self.kept.totals, key: found})
        return self.kept.totals[key]

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        return self._system().rows.hashes(relation, columns)

    def _system(self) -> System:
        if self._running is None:
            self._running = self._start()
        return self._running


@contextmanager
def kept_reference(
    folder: Path,
    scripts: Sequence[Script],
    parts: Sequence[object],
    reference: AbstractContextManager[System],
) -> Iterator[KeptReference]:
    """Yield the reference, and keep in `folder` what it has answered to these scripts.

    It is entered at the first question to which the answer is not kept. `parts` are everything else that its
    answers depend on, but for the installed packages. Raises as `reference` does.
    """
    file = folder / FOLDER / f"{_key(FORMAT, __version__, _packages(), scripts, *parts)}.json"
    before = _read(file, scripts)
    with ExitStack() as stack:
        found = KeptReference(before, scripts, lambda: stack.enter_context(reference))
        yield found
        with suppress(OSError, LabError, ValueError):  # without it, the next comparison takes longer
            if found.doubted:
                file.unlink(missing_ok=True)
            elif found.kept != before and found.kept.transcripts:
                _write(file, found.kept)


def _read(file: Path, scripts: Sequence[Script]) -> Kept:
    """Return what is kept; nothing if it is damaged."""
    with suppress(OSError, ValueError):
        kept = from_json(file.read_bytes(), Kept)
        if [len(one) for one in kept.transcripts] == [len(script.calls) for script in scripts]:
            return kept
    return Kept()


def _write(file: Path, kept: Kept) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    write_atomic(file, to_json(kept, indent=0).encode())
    by_age = sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in by_age[:-MOST]:
        path.unlink(missing_ok=True)


def _packages() -> list[tuple[str, str]]:
    """Return the names and versions of all that the services can import."""
    found = {("python", sys.version)}
    for one in distributions():
        with suppress(TypeError, KeyError):  # importlib_metadata, where it is installed: one without metadata
            metadata = one.metadata  # each look at it reads the file again
            found.add((str(metadata["Name"]), str(metadata["Version"])))
    return sorted(found)


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
