"""The journal returns what was written or reports damage. The history survives a line that is broken off."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from lab.engine import journal
from lab.engine.file_changes import FileChange
from lab.engine.journal import Entry, Event, PlannedStep
from lab.engine.plan import Part
from lab.engine.verb import Verb
from lab.errors import InvalidFile, Refused
from lab.workspace import Workspace

ENTRY = Entry(
    Verb.APPLY,
    "2026-01-01T00:00:00+00:00",
    4711,
    (
        PlannedStep(5, Part.MIGRATION),
        PlannedStep(
            5,
            Part.PATCH,
            (
                FileChange(PurePosixPath("app/x.py"), b"caf\xe9\r\n", b"\x00new", 0o755),
                FileChange(PurePosixPath("app/new.py"), None, b"", 0o644),
            ),
        ),
    ),
)


WRITTEN = """
{"verb": "apply", "started": "2026-01-01T00:00:00+00:00", "process": 4711, "steps": [
  {"fix": 5, "part": "migration", "files": []},
  {"fix": 5, "part": "patch", "files": [
    {"path": "app/x.py", "before": "Y2Fm6Q0K", "after": "AG5ldw==", "mode": 493},
    {"path": "app/new.py", "before": null, "after": "", "mode": 420}]}]}
"""
"""ENTRY as version 0.1 wrote it, with the json module and base64."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    made.state.mkdir()
    return made


def event(verb: str, *fixes: int) -> Event:
    return Event(verb, fixes, "2026-01-01T00:00:00+00:00", 0.5, ("app/x.py",))


def test_read_returns_what_was_written(workspace: Workspace) -> None:
    assert journal.read(workspace) is None
    journal.open_entry(workspace, ENTRY)
    assert journal.read(workspace) == ENTRY
    journal.close_entry(workspace, event("apply", 5))
    assert journal.read(workspace) is None
    assert journal.history(workspace) == (event("apply", 5),)


def test_the_format_on_disk_stays_the_same(workspace: Workspace) -> None:
    workspace.journal.write_text(WRITTEN)
    assert journal.read(workspace) == ENTRY
    assert not ENTRY.phased
    journal.open_entry(workspace, replace(ENTRY, phased=True))
    assert json.loads(workspace.journal.read_bytes()) == {**json.loads(WRITTEN), "phased": True}


def test_only_its_owner_may_read_the_journal(workspace: Workspace) -> None:
    journal.open_entry(workspace, ENTRY)
    assert workspace.journal.stat().st_mode & 0o777 == 0o600


def test_a_change_in_the_journal_is_named_with_what_ends_it(workspace: Workspace) -> None:
    journal.require_ended(workspace)
    journal.open_entry(workspace, ENTRY)
    with pytest.raises(Refused) as raised:
        journal.require_ended(workspace, "is still there")
    assert raised.value.message == "A change of fix 5 is still there."
    assert "lab fix recover" in raised.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"verb": "apply"}', b"\xff", b'{"verb": "dance"}'])
def test_a_damaged_journal_is_reported(workspace: Workspace, content: bytes) -> None:
    workspace.journal.write_bytes(content)
    with pytest.raises(InvalidFile, match="journal of an interrupted change is damaged"):
        journal.read(workspace)


def test_a_broken_line_of_the_history_is_left_out(workspace: Workspace) -> None:
    journal.close_entry(workspace, event("apply", 5))
    with workspace.history.open("ab") as file:
        file.write(b'{"verb": "app')
    journal.close_entry(workspace, event("apply", 6))
    assert [e.fixes for e in journal.history(workspace)] == [(5,), (6,)]


def test_a_line_without_a_moment_is_left_out(workspace: Workspace) -> None:
    journal.close_entry(workspace, event("apply", 5))
    journal.close_entry(workspace, replace(event("apply", 6), at="yesterday"))
    assert journal.history(workspace) == (event("apply", 5),)


def test_applied_by_lab_is_what_was_applied_and_not_reverted_since(workspace: Workspace) -> None:
    for verb, *fixes in (("apply", 1, 2, 3), ("revert", 1), ("recover", 2), ("apply", 1)):
        journal.close_entry(workspace, event(str(verb), *map(int, fixes)))
    assert journal.applied_by_lab(workspace) == {1, 3}
