"""The history of marks: a kill loses at most the last event, every changed byte is found, texts can go."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.errors import Refused
from lab.scorecard.event import EventKind, salted
from lab.scorecard.marks import (
    MARKS,
    BrokenHistory,
    History,
    forgotten,
    history_to_change,
    origin_of,
    read_history,
)
from lab.scorecard.raters import Rater, agreement, raters_of, visible_to
from lab.scorecard.rubric import Mark
from tests.lab.scorecard.test_card import FULL

ORIGIN = origin_of(FULL)
RATERS = ("Grace", "Linus")
STEP = st.tuples(
    st.sampled_from(RATERS),
    st.sampled_from(["approach", "code", "sign"]),
    st.sampled_from(["", *Mark]),
    st.text(max_size=20),
)
FILES = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Each example has a folder of its own below the test's."""

Step = tuple[str, str, str, str]


def write(file: Path, steps: Sequence[Step]) -> History:
    file.unlink(missing_ok=True)
    history = History(ORIGIN)
    for at, step in enumerate(steps):
        add(file, step, float(at))
        history = read_history(file, ORIGIN)
    return history


def add(file: Path, step: Step, at: float = 0.0) -> None:
    rater, line, mark, note = step
    with history_to_change(file, lambda: ORIGIN) as writer:
        if line == "sign":
            writer.add(at, (EventKind.SIGNED, salted(rater)))
        else:
            writer.add(at, (EventKind.MARK, salted(rater, line, mark, note)))


@FILES
@given(steps=st.lists(STEP, max_size=6))
def test_what_is_read_is_what_each_rater_marked_last(steps: list[Step], tmp_path: Path) -> None:
    found = {one.name: one for one in raters_of(write(tmp_path / MARKS, steps))}
    assert set(found) == {step[0] for step in steps}
    for name, rater in found.items():
        own = [step for step in steps if step[0] == name]
        last = {line: (mark, note) for _, line, mark, note in own if line != "sign"}
        assert {line: (one.mark, one.note) for line, one in rater.marks.items()} == last
        assert (rater.signed is not None) == any(step[1] == "sign" for step in own)
        assert rater.unsigned_changes == (rater.signed is not None and own[-1][1] != "sign")


@FILES
@given(steps=st.lists(STEP, min_size=1, max_size=5), data=st.data())
def test_after_a_kill_in_the_middle_of_a_write_all_whole_events_are_there_and_it_goes_on(
    steps: list[Step], data: st.DataObject, tmp_path: Path
) -> None:
    file = tmp_path / MARKS
    history = write(file, steps)
    content = file.read_bytes()
    left = content[: data.draw(st.integers(0, len(content)))]
    file.write_bytes(left)
    found = read_history(file, ORIGIN)
    assert found.events == history.events[: len(found.events)]
    assert len(found.events) in (left.count(b"\n"), left.count(b"\n") + 1)
    assert bool(found.cut) == (len(left) > sum(len(event.line) for event in found.events))

    add(file, ("Grace", "code", "good", "after the kill"))
    again = read_history(file, ORIGIN)
    assert (again.events[:-1], again.cut, again.complete) == (found.events, 0, True)
    assert file.read_bytes().startswith(left[: found.size])


@FILES
@given(steps=st.lists(STEP, min_size=1, max_size=4), data=st.data())
def test_every_changed_byte_is_found(steps: list[Step], data: st.DataObject, tmp_path: Path) -> None:
    file = tmp_path / MARKS
    write(file, steps)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255).filter(lambda one: one != content[place]))
    file.write_bytes(content)
    with pytest.raises(BrokenHistory, match=f"line {bytes(content[:place]).count(10) + 1}: "):
        read_history(file, ORIGIN)


def test_a_last_line_break_that_was_changed_is_found(tmp_path: Path) -> None:
    file = tmp_path / MARKS
    write(file, [("Grace", "code", "good", "")])
    for other in (b"\x80", b" ", b"}"):
        file.write_bytes(file.read_bytes()[:-1] + other)
        with pytest.raises(BrokenHistory, match="line 1: "):
            read_history(file, ORIGIN)


@FILES
@given(steps=st.lists(STEP, min_size=2, max_size=5), data=st.data())
def test_a_line_that_is_deleted_doubled_or_moved_is_found(
    steps: list[Step], data: st.DataObject, tmp_path: Path
) -> None:
    file = tmp_path / MARKS
    write(file, steps)
    lines = file.read_bytes().splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 2))
    for changed in (
        [*lines[:place], *lines[place + 1 :]],
        [*lines[: place + 1], *lines[place:]],
        [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]],
    ):
        file.write_bytes(b"".join(changed))
        with pytest.raises(BrokenHistory):
            read_history(file, ORIGIN)


def test_the_marks_of_another_card_are_refused(tmp_path: Path) -> None:
    write(tmp_path / MARKS, [("Grace", "code", "good", "")])
    with pytest.raises(BrokenHistory, match="of another card"):
        read_history(tmp_path / MARKS, "0" * 64)


def test_zeros_at_the_end_as_a_power_cut_leaves_them_are_cut(tmp_path: Path) -> None:
    file = tmp_path / MARKS
    history = write(file, [("Grace", "code", "good", "")])
    with file.open("ab") as end:
        end.write(b"\0" * 512)
    assert (read_history(file, ORIGIN).events, read_history(file, ORIGIN).cut) == (history.events, 512)


def test_a_history_whose_texts_are_forgotten_is_verified_still_and_nothing_can_follow(tmp_path: Path) -> None:
    file = tmp_path / MARKS
    before = write(file, [("Grace", "code", "good", "Clear."), ("Grace", "sign", "", "")])
    file.write_bytes(forgotten(before, 9.0))
    assert not any(word in file.read_text() for word in ("Grace", "Clear", "good", "code"))
    found = read_history(file, None)
    assert found.is_forgotten
    assert [one.hash for one in found.events[:-1]] == [one.hash for one in before.events]
    assert raters_of(found) == ()
    with pytest.raises(Refused, match="was forgotten"):
        add(file, ("Grace", "code", "poor", ""))

    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(BrokenHistory, match="line 1: its details are gone"):
        read_history(file, None)
    file.write_bytes(before.events[0].line + b"".join(lines[1:]))
    with pytest.raises(BrokenHistory, match="line 1: it still has details after all was forgotten"):
        read_history(file, None)
    file.write_bytes(b"".join([*lines[:1], lines[1].replace(b"signed", b"mark"), *lines[2:]]))
    with pytest.raises(BrokenHistory, match="line 2: it was changed"):
        read_history(file, None)


def test_a_rater_sees_marks_of_others_only_after_both_have_signed(tmp_path: Path) -> None:
    file = tmp_path / MARKS
    steps: list[Step] = [("Grace", "code", "good", ""), ("Linus", "code", "poor", "")]

    def seen(name: str) -> list[str]:
        return [one.name for one in visible_to(name, raters_of(write(file, steps)))]

    assert (seen("Grace"), seen("Linus"), seen("Other")) == (["Grace"], ["Linus"], [])
    steps.append(("Grace", "sign", "", ""))
    assert (seen("Grace"), seen("Linus"), seen("Other")) == (["Grace"], ["Linus"], [])
    steps.append(("Linus", "sign", "", ""))
    assert (seen("Grace"), seen("Linus"), seen("Other")) == (["Grace", "Linus"], ["Linus", "Grace"], [])

    def mark_that_linus_sees() -> str:
        return visible_to("Linus", raters_of(write(file, steps)))[1].of("code").mark

    steps.append(("Grace", "code", "excellent", "not signed yet"))
    assert mark_that_linus_sees() == "good"
    steps.append(("Grace", "sign", "", ""))
    assert mark_that_linus_sees() == "excellent"


def test_a_change_after_signing_says_what_was_signed(tmp_path: Path) -> None:
    steps: list[Step] = [
        ("Grace", "code", "good", ""),
        ("Grace", "sign", "", ""),
        ("Grace", "code", "poor", ""),
        ("Grace", "code", "mixed", ""),
        ("Grace", "approach", "good", ""),
    ]
    (rater,) = raters_of(write(tmp_path / MARKS, steps))
    assert rater.unsigned_changes
    assert (rater.of("code").late, rater.of("code").signed_as) == (True, "good")
    assert (rater.of("approach").late, rater.of("approach").signed_as) == (True, "")
    (rater,) = raters_of(write(tmp_path / MARKS, [*steps, ("Grace", "sign", "", "")]))
    assert (rater.signed, rater.unsigned_changes, rater.of("code").late) == (1.0, False, True)
    assert Rater("Other").of("code").mark == ""


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([], ""),
        (["good"], ""),
        (["good", ""], ""),
        (["good", "good"], "the same"),
        (["good", "excellent"], "one step apart"),
        (["good", "mixed", "excellent"], "more than one step apart"),
    ],
)
def test_agreement_is_told_in_words(marks: list[str], words: str) -> None:
    assert agreement(marks) == words
