"""The records of handouts: found by the id of a mark, which is not trusted."""

from pathlib import Path

import pytest

from lab import handouts
from lab.errors import UsageError
from lab.handouts import Given, Handout, Mark
from lab.json_files import to_json
from lab.library import CONTENT, PACKAGE, Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def handout(id_: str = "0123456789ab", at: float = 1.0) -> Handout:
    return Handout(id_, "Ada", (1, 3), (2,), 90, "allowed", "0003", "f00", at, "0.1.0", "abc")


def marked(folder: Path, content: str) -> Path:
    folder.mkdir()
    (folder / handouts.MARK).write_text(content)
    return folder


def test_a_record_is_found_by_the_mark_of_its_folder(library: Library, tmp_path: Path) -> None:
    file = handouts.keep(library, handout())
    assert file == library.root / ".lab/handouts/0123456789ab.json"
    assert file.stat().st_mode & 0o777 == 0o600
    root = marked(tmp_path / "ada", to_json(Mark("0123456789ab", "Ada")))
    assert handouts.handout_in(root, library) == handout()
    assert handouts.handout_in(tmp_path, library) is None


@pytest.mark.parametrize("id_", ["ffffffffffff", "../../secret", "", "0123456789AB"])
def test_an_id_without_a_record_is_wrong_usage(library: Library, id_: str) -> None:
    (library.root / ".lab/handouts").mkdir(parents=True)
    (library.root / "secret.json").write_text(to_json(handout()))
    with pytest.raises(UsageError, match="no record of a handout"):
        handouts.find(library, id_)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"id": 7, "name": "Ada"}', "\0"])
def test_a_damaged_mark_is_none(tmp_path: Path, content: str) -> None:
    assert handouts.mark_of(marked(tmp_path / "ada", content)) is None


def test_help_is_added_and_counted_by_bug(library: Library) -> None:
    handouts.keep(library, handout())
    for given in (Given("hint", 3, 1.0, hint=1), Given("fix", 1, 2.0), Given("hint", 3, 3.0, hint=2)):
        after = handouts.give(library, "0123456789ab", given)
    assert after == handouts.find(library, "0123456789ab")
    assert [after.hints_given(bug) for bug in (1, 2, 3)] == [0, 0, 2]
    assert [one.kind for one in after.given] == ["hint", "fix", "hint"]


def test_all_are_listed_the_newest_first_without_the_damaged(library: Library) -> None:
    for id_, at in (("aaaaaaaaaaaa", 1.0), ("bbbbbbbbbbbb", 3.0), ("cccccccccccc", 2.0)):
        handouts.keep(library, handout(id_, at))
    (handouts.folder(library) / "dddddddddddd.json").write_text("{")
    assert [one.id[0] for one in handouts.every(library)] == ["b", "c", "a"]


def test_the_folder_is_the_users_where_the_library_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert handouts.folder(Library(PACKAGE / CONTENT)) == tmp_path / "lab/handouts"
    monkeypatch.setenv(handouts.FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert handouts.folder(Library(PACKAGE / CONTENT)) == tmp_path / "mine"


def test_a_mark_that_cannot_be_read_is_not_taken_for_none(library: Library, tmp_path: Path) -> None:
    root = marked(tmp_path / "ada", "[" * 300_000)
    with pytest.raises(UsageError, match=r"no mark of a handout.*--handout FILE"):
        handouts.handout_in(root, library)
