"""The runs of measurements, kept in `.lab/runs/`: one folder a run, with evidence and raw data as JSON."""

import os
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import __version__, shipped
from lab.errors import Refused
from lab.files import write_atomic
from lab.json_files import to_json
from lab.probing.contract.results import Beside
from lab.probing.evidence import Evidence
from lab.review.finding import Finding
from lab.workspace import Workspace

EVIDENCE = "evidence.json"
MAX_RUNS = 40
"""Finished runs that are kept; older ones are deleted."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a finished run has measured. `at` is its end (Unix time in seconds), `version` that of lab.

    `library` is the hash of the fixes, probes and profile that it was measured with, `shipped` that of the
    code as shipped, `sandbox` the level of the walls around the candidate's code. `beside` is what was found
    beside the bugs, None if nothing was compared. `migrations` are findings on the candidate's migrations.
    """

    at: float
    version: str
    notes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    library: str
    shipped: str
    sandbox: str = ""
    beside: Beside | None = None
    migrations: tuple[Finding, ...] = ()


def begin(workspace: Workspace) -> Path:
    """Make and return the folder of a new run. Of the finished runs, keep only the newest MAX_RUNS.

    Raises Refused: `.lab/runs` is a link.
    """
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(4)}"
    folder = workspace.runs / name
    if any(path.is_symlink() for path in (workspace.runs, workspace.state)):
        problem = f"{workspace.runs} is a link, so measurements would be written elsewhere."
        raise Refused(problem, "Remove it, then measure again: lab check")
    folder.mkdir(parents=True)
    _delete_oldest(workspace.runs)
    return folder


def keep_raw(run: Path, bug: int, raw: dict[str, Any]) -> Path:
    """Write the raw data of one probe to the run's folder. Return the file. Raises as `write_atomic` does.

    Data that JSON cannot express is replaced by a sentence that says so.
    """
    path = run / f"bug-{bug}.json"
    write_atomic(path, raw_json(raw).encode())
    return path


def raw_json(raw: dict[str, Any]) -> str:
    """Return the raw data as JSON; a sentence in its place if JSON cannot express it."""
    try:
        return to_json(raw)
    except (TypeError, ValueError, RecursionError) as error:
        return to_json({"problem": f"The probe's raw data cannot be written as JSON: {error}"})


def keep(
    workspace: Workspace,
    run: Path,
    evidence: Iterable[Evidence],
    notes: Iterable[str],
    sandbox: str = "",
    beside: Beside | None = None,
    migrations: tuple[Finding, ...] = (),
) -> None:
    """Write the evidence of the run, which is finished then. Raises as `write_atomic` does."""
    library, code = workspace.library.digest(), shipped.digest(workspace)
    found, told = tuple(evidence), tuple(notes)
    record = Record(time.time(), __version__, told, found, library, code, sandbox, beside, migrations)
    write_atomic(run / EVIDENCE, to_json(record).encode())


def _delete_oldest(runs: Path) -> None:
    """Delete the oldest finished runs. One without evidence may still be running."""
    with suppress(OSError):
        finished = sorted(runs.glob(f"*/{EVIDENCE}"), key=lambda path: path.stat().st_mtime)
        for path in finished[:-MAX_RUNS]:
            shutil.rmtree(path.parent, ignore_errors=True)
