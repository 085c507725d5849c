"""What the commands of `lab fix` print of results that a test of the commands seldom has."""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from lab.cli import fix_views
from lab.cli.tables import Diff, Markdown, Verbatim
from lab.operations.catalog import BrokenFix, FixDetails
from lab.operations.changed import Changed, Outcome
from lab.operations.fix_status import Event, FixStatus, FixStatusRow, State
from lab.operations.fixes import Recovered, SkippedFix


def lines(view: Iterable[RenderableType], width: int = 200) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        for part in view:
            console.print(part)
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize(
    ("verb", "unchanged", "line"),
    [
        ("apply", (1,), "Fix 1 is already applied."),
        ("apply", (1, 2), "Fixes 1, 2 are already applied."),
        ("revert", (1,), "Fix 1 is not applied."),
    ],
)
def test_fixes_that_need_no_change_are_named(verb: str, unchanged: tuple[int, ...], line: str) -> None:
    assert lines(fix_views.changed(Changed(verb, (), unchanged, (), (), (), 0.0))) == [line]


def test_a_change_reports_what_was_recovered_first_and_what_was_restarted() -> None:
    done = Changed("revert", (2, 3), (), (4,), (), (), 1.0, restarted=("worker",))

    assert lines(fix_views.changed(done)) == [
        "First ended an interrupted change: fix 4 is not applied.",
        "Reverted fixes 2, 3 in 1.00 s.",
        "Restarted worker.",
    ]


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (Outcome(3, True, "No double booking in 20 tries."), "Bug 3 is fixed."),
        (Outcome(3, False, "Two bookings."), "Bug 3 is not fixed: Two bookings."),
        (Outcome(3, None, "The lab is not up."), "Bug 3 could not be measured: The lab is not up."),
    ],
)
def test_what_was_measured_after_a_change_is_said_in_a_sentence(outcome: Outcome, line: str) -> None:
    done = Changed("apply", (3,), (), (), (), (), 1.0, outcomes=(outcome,), given_in="0123456789ab")

    assert lines(fix_views.changed(done))[1:] == ["Recorded as given in the handout 0123456789ab.", line]


def test_what_was_there_and_what_was_replaced_is_said() -> None:
    done = Changed("apply", (2,), (), (), (), (), 1.0, built_in=(4,), candidates=(1,), schema_only=(2,))
    done = replace(done, replaced=("app/x.py",), saved=Path("saved/1.patch"))

    assert lines(fix_views.changed(done))[1:] == [
        "Edits in app/x.py were replaced.",
        "All edits as they were before are saved as a patch: saved/1.patch",
        "The code of fix 2 was there already: only its schema was changed.",
        "Fix 1 is there already, and not by lab: it was left as it is.",
        "Fix 4 is built into this handout.",
    ]


def test_recover_says_how_to_revert_what_it_left() -> None:
    done = Recovered((1, 2), (SkippedFix(3, ("app.py, line 1: edited",)),), (), 1.0, ("worker",))

    assert lines(fix_views.recovered(done)) == [
        "Recovered: fixes 1, 2 are now not applied, in code and schema.",
        "Fix 3 is mixed, and was not changed: app.py, line 1: edited.",
        "  To revert it anyway: lab fix recover 3",
        "Restarted worker.",
    ]


def test_status_says_which_fixes_are_built_into_the_handout() -> None:
    row = FixStatusRow(1, "one", "One", State.PRESENT, State.PRESENT, State.PRESENT, (), "", built_in=True)

    assert lines(fix_views.status(FixStatus((row,), (), "", ())))[1].split("  ") == [
        "1",
        "one",
        "built in",
        "built in",
    ]


def test_status_has_a_column_for_problems_only_if_there_is_one() -> None:
    row = FixStatusRow(1, "one", "One", State.ABSENT, State.ABSENT, State.ABSENT, (), "")
    waits = replace(row, number=2, slug="two", blocked="Fix 1 is in the way.")

    assert [line.split() for line in lines(fix_views.status(FixStatus((row,), (), "", ())))] == [
        ["N", "FIX", "CODE", "SCHEMA"],
        ["1", "one", "not", "applied", "not", "applied"],
    ]
    assert lines(fix_views.status(FixStatus((row, waits), (), "", ())))[2].endswith("  Fix 1 is in the way.")


def test_status_names_the_interrupted_change_and_the_fixes_that_cannot_be_used() -> None:
    row = FixStatusRow(1, "one", "One", State.MIXED, State.PRESENT, State.MIXED, ("no index",), "")
    found = FixStatus((row,), (BrokenFix(Path("fixes/2"), ("title: not filled in",)),), "", (1, 3))

    assert lines(fix_views.status(found))[1:] == [
        "1  one  applied  mixed   no index",
        "",
        "A change of fixes 1, 3 was interrupted. Undo it: lab fix recover",
        "",
        "fixes/2 cannot be used:",
        "  title: not filled in",
    ]


def test_the_log_has_local_times_and_short_numbers_and_whole_file_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    files = ("app/workflow_service/device_client.py", "app/workflow_service/lifecycle.py")
    event = Event("revert", (7, 3, 2, 1), "2026-11-29T23:26:09+00:00", 1.875, files)

    shown = lines(fix_views.log([event]), width=80)
    monkeypatch.undo()
    time.tzset()

    assert shown[1:] == [
        f"2026-11-30 01:26  revert  1-3, 7  1.88 s  {files[0]},",
        f"{'':42}{files[1]}",
    ]


def test_a_pipe_gets_the_diff_the_sql_and_the_guide_as_they_are() -> None:
    texts = ("-x\n", "A;", "B;", "Why.\n")
    fix = FixDetails(1, "one", "One", "easy", "area", "It fails.", ("Look.",), (), (), "", (), *texts)
    shown = fix_views.details(fix, hints=True, diff=True, sql=True, guide=True)

    kinds = [str, Diff, Verbatim, Verbatim, Markdown]
    assert [type(part) for part in shown] == kinds
