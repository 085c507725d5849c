"""A person marks a card by the rubric: what they say is kept, and what cannot be kept is refused clearly."""

from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from lab.errors import InvalidFile, Refused, UsageError
from lab.library import Library
from lab.operations.mark import LONGEST_NOTE, Change, ChangedMeanwhile, Marking, marking, save
from lab.scorecard.card_file import CARD
from lab.scorecard.marks import MARKS, BrokenHistory, read_history
from tests.lab.operations.cards import GRADED, LIBRARY, write_card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_card(tmp_path / "cards" / "ada")


def give(
    folder: Path, name: str, *changes: tuple[str, str | None, str | None], sign: bool = False
) -> Marking:
    return save(folder, LIBRARY, name, [Change(*one) for one in changes], sign=sign)


def events(folder: Path) -> int:
    return len(read_history(folder / MARKS, None).events)


def own(found: Marking, line: str) -> tuple[str, str]:
    (mark,) = (one.marks[0] for one in found.lines if one.id == line)
    return mark.mark, mark.note


def test_without_marks_all_lines_are_shown_empty_with_evidence_and_nothing_is_written(folder: Path) -> None:
    found = marking(folder, LIBRARY, "Grace")
    assert [line.id for line in found.lines][:2] == ["approach", "understanding"]
    assert len(found.unmarked) == len(found.lines) == 8
    assert all(line.evidence for line in found.lines)
    assert [path.name for path in folder.iterdir()] == [CARD]


def test_a_mark_and_a_note_change_apart_and_what_is_no_change_adds_nothing(folder: Path) -> None:
    give(folder, "Grace", ("code", "good", None))
    found = give(folder, "Grace", ("code", None, " Two\r\nlines. "))
    assert own(found, "code") == ("good", "Two\nlines.")
    assert own(give(folder, "Grace", ("code", "good", "Two\nlines.")), "code") == ("good", "Two\nlines.")
    assert events(folder) == 2
    assert own(give(folder, "Grace", ("code", "none", None)), "code") == ("", "Two\nlines.")
    assert own(marking(folder, LIBRARY, "Grace"), "code") == ("", "Two\nlines.")


def test_a_name_is_the_same_person_in_upper_and_lower_case_and_with_other_spaces(folder: Path) -> None:
    give(folder, "Grace Hopper", ("code", "good", None))
    found = give(folder, " grace  HOPPER ", ("schema", "poor", None))
    assert found.rater == "Grace Hopper"
    assert own(found, "code")[0] == "good"


def test_the_second_rater_sees_the_first_only_after_signing_and_then_both_side_by_side(folder: Path) -> None:
    give(folder, "Grace", ("code", "good", "Secret."), ("schema", "good", None), sign=True)
    before = give(folder, "Linus", ("code", "mixed", None))
    assert before.others == ()
    assert "Secret." not in str(before)
    assert "Grace" not in str(before)
    after = give(folder, "Linus", sign=True)
    assert after.others == ("Grace",)
    line = next(one for one in after.lines if one.id == "code")
    assert [(one.rater, one.mark) for one in line.marks] == [("Linus", "mixed"), ("Grace", "good")]
    assert line.agreement == "one step apart"
    late = give(folder, "Linus", ("code", "good", None))
    line = next(one for one in late.lines if one.id == "code")
    assert (line.agreement, line.marks[0].late, line.marks[0].signed_as) == ("the same", True, "mixed")
    assert late.unsigned_changes


def test_signing_again_without_a_change_adds_nothing(folder: Path) -> None:
    give(folder, "Grace", ("code", "good", None), sign=True)
    give(folder, "Grace", sign=True)
    assert events(folder) == 2


def test_nobody_signs_an_empty_form(folder: Path) -> None:
    for changes in ([], [("code", None, "Only a note.")], [("code", "none", None)]):
        with pytest.raises(UsageError, match="No line has a mark of yours"):
            give(folder, "Grace", *changes, sign=True)
    assert not (folder / MARKS).exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("aproach", "good", None), "Did you mean approach"),
        (("approach", "goood", None), "The marks: poor, mixed, good, excellent; none clears one"),
        (("approach", "", None), "The marks: "),
        (("approach", None, "x" * (LONGEST_NOTE + 1)), "at most 4000 characters, and this one 4001"),
        (("approach", None, "\x1b[31m"), "cannot be printed"),
        (("approach", None, "\udc80"), "cannot be printed"),
    ],
)
def test_a_line_a_mark_or_a_note_that_cannot_be_kept_is_refused(
    change: tuple[str, str | None, str | None], says: str, folder: Path
) -> None:
    with pytest.raises(UsageError, match=says):
        give(folder, "Grace", ("code", "good", None), change)
    assert not (folder / MARKS).exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x1b", "a\udc80", "\u202eevil"])
def test_a_name_that_cannot_be_shown_is_refused(name: str, folder: Path) -> None:
    with pytest.raises(UsageError, match="A name has"):
        marking(folder, LIBRARY, name)


def test_changes_made_from_an_older_state_are_refused(folder: Path) -> None:
    first = give(folder, "Grace", ("code", "good", None))
    give(folder, "Linus", ("code", "poor", None))
    second = save(folder, LIBRARY, "Grace", [Change("code", "mixed")], made_from=first.own)
    with pytest.raises(ChangedMeanwhile):
        save(folder, LIBRARY, "Grace", [Change("code", "poor")], made_from=first.own)
    assert marking(folder, LIBRARY, "Grace").own == second.own


def test_two_who_save_at_the_same_time_lose_nothing(folder: Path) -> None:
    def work(name: str) -> None:
        for number in range(10):
            give(folder, name, ("code", "good", str(number)))

    threads = [Thread(target=work, args=(name,)) for name in ("Grace", "Linus", "Ken")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert events(folder) == 30


def test_a_half_written_event_is_told_and_the_next_one_takes_its_place(folder: Path) -> None:
    give(folder, "Grace", ("code", "good", None))
    with (folder / MARKS).open("ab") as file:
        file.write(b'{"at":1.0,"cont')
    assert marking(folder, LIBRARY, "Grace").cut == 15
    assert give(folder, "Grace", ("schema", "good", None)).cut == 0
    assert events(folder) == 2


def test_a_card_that_marks_would_not_fit_is_refused(folder: Path) -> None:
    give(folder, "Grace", ("code", "good", None))
    write_card(folder, replace(GRADED, problem="It is empty."))
    with pytest.raises(BrokenHistory, match="of another card"):
        marking(folder, LIBRARY, "Grace")
    write_card(folder, replace(GRADED, rubric="0" * 64))
    with pytest.raises(Refused, match="another version of the rubric"):
        marking(folder, LIBRARY, "Grace")
    write_card(folder, replace(GRADED, problem="No disk.", environment=True))
    with pytest.raises(Refused, match=r"could not be graded: No disk\."):
        marking(folder, LIBRARY, "Grace")


def test_a_card_that_cannot_be_read_is_refused(folder: Path, tmp_path: Path) -> None:
    text = (folder / CARD).read_text()
    wrong = {
        "not a card": "Expecting value",
        "[]": "schema: None",
        text.replace('"schema": 1', '"schema": 2'): "schema: 2, and this lab reads 1",
        text.replace('"verdict": "fixed"', '"verdict": "present"'): "it was changed by hand",
        text.replace('"seconds": 2.0', '"seconds": "x"'): "Expected `float`",
    }
    for content, says in wrong.items():
        (folder / CARD).write_text(content)
        with pytest.raises(InvalidFile, match=says):
            marking(folder, LIBRARY, "Grace")
    for missing in (tmp_path / "none", tmp_path, folder / "notes"):
        with pytest.raises(UsageError, match="There is no card in"):
            marking(missing, LIBRARY, "Grace")


def test_a_library_without_a_rubric_cannot_mark(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no rubric"):
        marking(folder, Library(tmp_path), "Grace")
