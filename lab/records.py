"""What was measured, kept under `.lab/runs/`: one folder a run, evidence and raw data as JSON.

A grade is made from what is read here again, so a run says what it measured and with which limits.
"""

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab import __version__
from lab.errors import UsageError
from lab.files import write_atomic
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.workspace import Workspace

EVIDENCE = "evidence.json"
KEPT = 40
"""Runs beyond this many are deleted, the oldest first."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement's folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True)
class Record:
    """A run read again."""

    run: Run
    at: float
    version: str
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]


def begin(workspace: Workspace) -> Run:
    """Make the folder of a new run; old runs make room."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(4)}"
    folder = workspace.runs / name
    folder.mkdir(parents=True)
    _make_room(workspace.runs)
    return Run(folder)


def keep_raw(run: Run, bug: int, raw: dict[str, Any]) -> Path:
    """Write everything that one probe measured; answers where it lies."""
    path = run.folder / f"bug-{bug}.json"
    write_atomic(path, json.dumps(raw, indent=1, default=str).encode())
    return path


def keep(run: Run, evidence: Iterable[Evidence], notes: Iterable[str]) -> None:
    """Write the run's evidence: it is whole from here on."""
    document = {
        "at": time.time(),
        "version": __version__,
        "notes": list(notes),
        "evidence": [asdict(one) for one in evidence],
    }
    write_atomic(run.folder / EVIDENCE, json.dumps(document, indent=1, default=str).encode())


def read(run: Run) -> Record:
    """The run as it was kept.

    Raises:
        UsageError: there is no such run, or it was never finished.
    """
    try:
        document = json.loads((run.folder / EVIDENCE).read_bytes())
        evidence = tuple(_evidence(one) for one in document["evidence"])
        return Record(run, document["at"], document["version"], evidence, tuple(document["notes"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"There is no finished run in {run.folder}.") from error


def latest(workspace: Workspace) -> Run | None:
    """The last run that was finished."""
    found = sorted(workspace.runs.glob(f"*/{EVIDENCE}"), key=lambda path: path.stat().st_mtime)
    return Run(found[-1].parent) if found else None


def _evidence(document: dict[str, Any]) -> Evidence:
    return Evidence(
        bug=document["bug"],
        verdict=Verdict(document["verdict"]),
        why=document["why"],
        figures=tuple(Figure(**figure) for figure in document["figures"]),
        blocked_by=document["blocked_by"],
        raw=Path(document["raw"]) if document["raw"] else None,
        seconds=document["seconds"],
    )


def _make_room(runs: Path) -> None:
    """Delete the oldest finished runs; one without evidence may be under way, or be swept by its own rule."""
    with suppress(OSError):
        finished = sorted(runs.glob(f"*/{EVIDENCE}"), key=lambda path: path.stat().st_mtime)
        for path in finished[:-KEPT]:
            shutil.rmtree(path.parent, ignore_errors=True)
