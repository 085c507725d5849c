"""A run that was kept is read again as it was, and old runs make room for new ones."""

import os
from pathlib import Path

import pytest

from lab import records
from lab.errors import UsageError
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_evidence_is_read_as_it_was_kept(workspace: Workspace) -> None:
    run = records.begin(workspace)
    raw = records.keep_raw(run, 4, {"statements": [1, 2]})
    evidence = (
        Evidence(2, Verdict.BLOCKED, "workflow-service ended.", blocked_by=1),
        Evidence(4, Verdict.PRESENT, "It grew.", (Figure("statements", 301, "", 153),), raw=raw, seconds=1.5),
    )
    records.keep(run, evidence, ["An index was carried over."])
    record = records.read(run)
    assert record.evidence == evidence
    assert record.notes == ("An index was carried over.",)
    assert records.latest(workspace) == run


def test_a_run_that_was_never_finished_is_none(workspace: Workspace) -> None:
    run = records.begin(workspace)
    with pytest.raises(UsageError, match="no finished run"):
        records.read(run)
    assert records.latest(workspace) is None


def test_the_oldest_finished_runs_make_room(workspace: Workspace) -> None:
    runs = []
    for number in range(records.KEPT + 2):
        run = records.begin(workspace)
        records.keep(run, (), ())
        os.utime(run.folder / records.EVIDENCE, (number, number))
        runs.append(run)
    records.begin(workspace)
    assert [run.folder.exists() for run in runs[:3]] == [False, False, True]
    assert runs[-1].folder.exists()
