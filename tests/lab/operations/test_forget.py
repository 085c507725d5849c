"""A person's data is deleted: no word of theirs is left, and a tombstone is, in a chain that is verified."""

import os
import shutil
import signal
import sys
from datetime import date
from pathlib import Path

import pytest

from lab.errors import InvalidFile, Refused, UsageError
from lab.operations.batch import INDEX, TABLE
from lab.operations.batch import LOCK as BATCH_LOCK
from lab.operations.forget import forget, keep_until, plan
from lab.operations.mark import Change, marking, save
from lab.scorecard.card_file import CARD
from lab.scorecard.marks import MARKS, read_history
from lab.scorecard.retention import RETENTION, read_retention
from tests.lab.operations.cards import LIBRARY, contents, write_card

TODAY = date(2026, 5, 1)
WORDS = (b"nora", b"Ada", b"Grace", b"Linus", b"Calm and clear", b"Hasty", b"excellent", b"approach")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "cards"
    for name in ("nora", "bob"):
        write_card(folder / name)
        save(folder / name, LIBRARY, "Grace", [Change("approach", "excellent", "Calm and clear")], sign=True)
        save(folder / name, LIBRARY, "Linus", [Change("code", "poor", "Hasty")])
    for name in ("card.html", "grade.log", "summary.md", ".card.json.abcd1234"):
        (folder / "nora" / name).write_text("Ada")
    (folder / TABLE).write_text("nora, bob")
    (folder / INDEX).write_text("nora, bob")
    return folder


def test_no_word_of_the_person_is_left_and_the_others_stay(out: Path) -> None:
    before, events = contents(out / "bob"), read_history(out / "nora" / MARKS, None).events
    asked = plan(out / "nora", TODAY)
    assert asked.reasons == ()
    found = forget(asked)

    assert contents(out / "bob") == before
    assert {path.name for path in out.iterdir()} == {"bob", TABLE, INDEX, BATCH_LOCK, found.tombstone.name}
    assert [path.name for path in found.tombstone.iterdir()] == [MARKS]
    for path in (found.tombstone / MARKS, out / TABLE, out / INDEX, found.tombstone):
        text = os.fsencode(path) if path.is_dir() else path.read_bytes()
        text = text.removeprefix(os.fsencode(out))
        assert [word for word in WORDS if word in text] == []
    assert (out / TABLE).read_text().splitlines()[1].startswith("bob,")
    assert ">bob<" in (out / INDEX).read_text()
    history = read_history(found.tombstone / MARKS, None)
    assert history.is_forgotten
    assert [one.hash for one in history.events[:-1]] == [one.hash for one in events]
    assert (found.events, len(events)) == (3, 3)
    assert any("handout" in text for text in found.elsewhere)
    with pytest.raises(Refused, match="was forgotten"):
        marking(found.tombstone, LIBRARY, "Grace")


def test_a_card_without_marks_gets_a_tombstone_too_and_the_last_one_leaves_an_empty_table(out: Path) -> None:
    (out / "bob" / MARKS).unlink()
    for name in ("nora", "bob"):
        found = forget(plan(out / name, TODAY))
    assert (found.events, read_history(found.tombstone / MARKS, None).is_forgotten) == (0, True)
    assert len((out / TABLE).read_text().splitlines()) == 1


def test_a_date_a_strange_file_or_a_broken_history_is_a_reason_to_ask(out: Path) -> None:
    ada = out / "nora"
    assert keep_until(out, TODAY).folders == ("bob", "nora")
    assert plan(ada, TODAY).reasons == ("It is to be kept until 2026-05-01.",)
    assert plan(ada, date(2026, 5, 2)).reasons == ()
    (ada / RETENTION).write_text('{"until": "soon"}')
    (ada / "interview.txt").write_text("Ada")
    (ada / MARKS).write_bytes(b"{}\n")
    assert plan(ada, TODAY).reasons == (
        "It is to be kept until a date, and retention.json cannot be read.",
        "The history of its marks is broken: it is deleted whole, and a new one gets the tombstone.",
        "lab did not make interview.txt, which is deleted too.",
    )
    found = forget(plan(ada, TODAY))
    assert [path.name for path in found.tombstone.iterdir()] == [MARKS]


def test_a_card_that_cannot_be_read_is_forgotten_as_well(out: Path) -> None:
    (out / "nora" / CARD).write_text("Ada, of an earlier lab")
    found = forget(plan(out / "nora", TODAY))
    assert found.events == 3
    assert [path.name for path in found.tombstone.iterdir()] == [MARKS]


def test_links_are_deleted_and_never_followed(out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    (out / "nora" / "link").symlink_to(tmp_path / "mine")
    assert forget(plan(out / "nora", TODAY)).files
    assert (tmp_path / "mine" / "file").exists()


def forget_killed_at(step: int, folder: Path) -> int:
    """Forget in a process that is killed before the step: a rename or a deletion. Return how it ended."""
    asked, child = plan(folder, TODAY), os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = step

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in ("os.rename", "os.remove", "os.rmdir"):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        forget(asked)
        os._exit(0)
    finally:
        os._exit(1)


def test_after_a_kill_at_any_step_the_same_command_completes_it(out: Path, tmp_path: Path) -> None:
    ended: list[int] = []
    while ended[-1:] != [0] and len(ended) < 40:
        copy = tmp_path / f"killed at step {len(ended)}"
        shutil.copytree(out, copy)
        ended.append(forget_killed_at(len(ended), copy / "nora"))
        forgotten = list(copy.glob("forgotten-*"))
        found = forget(plan(*forgotten or [copy / "nora"], TODAY))
        assert [path.name for path in found.tombstone.iterdir()] == [MARKS]
        assert read_history(found.tombstone / MARKS, None).is_forgotten
        assert {path.name for path in copy.iterdir()} == {
            "bob",
            TABLE,
            INDEX,
            BATCH_LOCK,
            found.tombstone.name,
        }
        assert "nora" not in (copy / TABLE).read_text()
        assert "nora" not in (copy / INDEX).read_text()
    assert len(ended) > 3
    assert ended == [-signal.SIGKILL] * (len(ended) - 1) + [0]


def test_what_is_no_card_is_not_deleted(out: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path, out, tmp_path / "empty", tmp_path / "missing", out / TABLE):
        with pytest.raises(UsageError, match="There is no card"):
            plan(folder, TODAY)
    assert contents(tmp_path) == before


def test_a_date_is_kept_with_a_card_and_an_earlier_one_is_told(out: Path) -> None:
    keep_until(out / "nora", date(2030, 1, 1))
    assert keep_until(out, date(2031, 1, 1)).replaced == ("2030-01-01",)
    assert read_retention(out / "bob") == date(2031, 1, 1)
    (out / "bob" / RETENTION).write_text("{}")
    with pytest.raises(InvalidFile):
        read_retention(out / "bob")


@pytest.mark.parametrize("made", [TABLE, BATCH_LOCK])
def test_what_a_killed_grading_left_in_the_folder_of_the_batch_goes_too(out: Path, made: str) -> None:
    (out / BATCH_LOCK).touch()
    for name in {TABLE, INDEX} - {made}:
        (out / name).unlink()
    for name in (".cards.csv.abcd1234", ".index.html.abcd1234"):
        (out / name).write_text("nora, bob")
    forget(plan(out / "nora", TODAY))
    left = [path for path in out.iterdir() if path.is_file() and "nora" in path.read_text()]
    assert left == []
    assert not list(out.glob(".*.abcd1234"))
