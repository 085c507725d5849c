"""A hint more is opened each time. What a candidate got is counted in the record of their handout."""

from pathlib import Path

import pytest

from lab import handouts
from lab.errors import InvalidFile, UsageError
from lab.handouts import Handout
from lab.library import Library
from lab.operations.hints import OpenedHint, open_hint
from lab.workspace import Workspace
from tests.conftest import PROJECT

ID = "0123456789ab"


def record(bugs: tuple[int, ...] = (1, 2, 3), built_in: tuple[int, ...] = ()) -> Handout:
    return Handout(
        id=ID,
        name="A. N. Other",
        bugs=bugs,
        built_in=built_in,
        minutes=90,
        ai="allowed",
        head="0002",
        tree="",
        at=0.0,
        lab="1",
        library="",
    )


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A folder of its own, with the library of the project; the records of handouts are beside it."""
    monkeypatch.setenv(handouts.FOLDER_VARIABLE, str(tmp_path / "records"))
    return Workspace(tmp_path / "workspace", Library(PROJECT))


def shown(opened: OpenedHint) -> tuple[int, int, bool]:
    return opened.number, opened.left, opened.again


def test_each_call_opens_one_more_hint_and_after_the_last_that_is_returned_again(
    workspace: Workspace,
) -> None:
    opened = [open_hint(workspace, "5") for _ in range(6)]
    assert [shown(one) for one in opened] == [
        *[(n, 5 - n, False) for n in range(1, 6)],
        (5, 0, True),
    ]
    assert opened[5].text == opened[4].text != opened[3].text
    assert shown(open_hint(workspace, "booking_race")) == (1, 4, False)


def test_a_hint_for_a_candidate_is_recorded_and_counted_in_their_handout(workspace: Workspace) -> None:
    handouts.keep(workspace.library, record())
    folder = workspace.root.parent / "handout"
    folder.mkdir()
    (folder / handouts.MARK).write_text(f'{{"id": "{ID}", "name": "A. N. Other"}}')
    open_hint(workspace, "3")

    assert shown(open_hint(workspace, "3", ID)) == (1, 4, False)
    assert shown(open_hint(workspace, "3", str(folder))) == (2, 3, False)
    assert shown(open_hint(Workspace(folder, workspace.library), "3")) == (3, 2, False)
    for _ in range(3):
        last = open_hint(workspace, "3", ID)
    assert (shown(last), last.handout) == ((5, 0, True), ID)
    given = handouts.find(workspace.library, ID).given
    assert [(one.kind, one.bug, one.hint) for one in given] == [("hint", 3, n) for n in range(1, 6)]
    assert shown(open_hint(workspace, "3")) == (2, 3, False)


def test_what_is_no_handout_or_no_bug_of_it_is_refused(workspace: Workspace) -> None:
    handouts.keep(workspace.library, record(bugs=(1, 2), built_in=(3,)))
    with pytest.raises(UsageError, match="Its bugs are: 1, 2"):
        open_hint(workspace, "3", ID)
    for wrong in ("ba9876543210", "elsewhere", str(workspace.root.parent)):
        with pytest.raises(UsageError, match=r"lab handout --list"):
            open_hint(workspace, "1", wrong)
    assert handouts.find(workspace.library, ID).given == ()


def test_a_damaged_count_is_reported_and_kept(workspace: Workspace) -> None:
    open_hint(workspace, "1")
    workspace.hints.write_text("[")
    with pytest.raises(InvalidFile, match="cannot be read"):
        open_hint(workspace, "1")
    assert workspace.hints.read_text() == "["
