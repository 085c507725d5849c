"""The record of a run is read as it was written, and the oldest runs are deleted."""

import os
from pathlib import Path

import pytest

from lab import records
from lab.json_files import from_json
from lab.probing.evidence import Evidence, Figure, Verdict
from lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_a_record_is_read_as_it_was_written(workspace: Workspace) -> None:
    run = records.begin(workspace)
    raw = records.keep_raw(run, 4, {"statements": [1, 2]})
    evidence = (
        Evidence(Verdict.BLOCKED, "workflow-service ended.", bug=2, blocked_by=1),
        Evidence(
            Verdict.PRESENT, "It grew.", (Figure("statements", 301, "", 153),), bug=4, raw=raw, seconds=1.5
        ),
    )
    records.keep(workspace, run, evidence, ["An index was carried over."])
    record = from_json((run / records.EVIDENCE).read_bytes(), records.Record)
    assert record.evidence == evidence
    assert record.notes == ("An index was carried over.",)
    assert record.library == workspace.library.digest()


def test_the_oldest_finished_runs_are_deleted(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_RUNS", 3)
    runs = []
    for number in range(records.MAX_RUNS + 2):
        run = records.begin(workspace)
        records.keep(workspace, run, (), ())
        os.utime(run / records.EVIDENCE, (number, number))
        runs.append(run)
    records.begin(workspace)
    assert [run.exists() for run in runs[:3]] == [False, False, True]
    assert runs[-1].exists()
