"""What `check` and `verify` print: verdicts, and figures with their limits."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from lab.cli import check_views
from lab.cli.main import cli
from lab.operations.measure import Bug, Checked, Regression
from lab.operations.neutral import Seen, SeenBug, SeenBugs
from lab.operations.verify import ProofRow, Verified
from lab.probing.contract.results import Beside
from lab.probing.evidence import Evidence, Figure, Verdict
from tests.conftest import PROJECT

RUN = Path("/somewhere/runs/1")


def text(view: Iterable[RenderableType], width: int = 200) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        for part in view:
            console.print(part)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def found(*evidence: Evidence, notes: tuple[str, ...] = ()) -> str:
    bugs = tuple(Bug(one.bug, f"Title {one.bug}") for one in evidence)
    return text(check_views.checked(Checked(bugs, evidence, notes, RUN, 12.345)))


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_is_shown_by_its_name_beside_the_reason(verdict: Verdict) -> None:
    line = found(Evidence(verdict, "What was seen.", bug=3)).splitlines()[1]

    assert line.split() == ["3", "Title", "3", str(verdict), "What", "was", "seen."]


@pytest.mark.parametrize(
    ("verdicts", "beside", "code"),
    [
        ([Verdict.FIXED], None, 0),
        ([Verdict.FIXED], Beside(), 0),
        ([Verdict.FIXED, Verdict.PRESENT], None, 1),
        ([Verdict.FIXED], Beside(regressions=(Regression("GET /", "GET /", "", "200", "500"),)), 1),
        ([Verdict.UNMEASURED], None, 4),
        ([Verdict.FIXED], Beside(problem="It did not start."), 4),
        ([Verdict.PRESENT, Verdict.UNMEASURED], None, 1),
    ],
)
def test_the_exit_code_says_whether_something_is_wrong_or_could_not_be_measured(
    verdicts: list[Verdict], beside: Beside | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = tuple(Evidence(verdict, "It was.", bug=bug) for bug, verdict in enumerate(verdicts))
    bugs = tuple(Bug(one.bug, "Title") for one in evidence)
    checked = Checked(bugs, evidence, (), RUN, 1.0, beside=beside)
    monkeypatch.setattr("lab.operations.measure.check", lambda *_, **__: checked)
    assert cli.main(["-C", str(PROJECT), "check"], standalone_mode=False) == code


def test_a_candidate_sees_symptom_and_state_only() -> None:
    one = SeenBug(3, "Two bookings succeed.", Seen.NOT_SEEN)

    assert text(check_views.for_candidate(SeenBugs((one,)))).splitlines()[1] == (
        "3  Two bookings succeed.  not seen any more"
    )


def test_a_blocked_bug_names_the_bug_that_blocks_it() -> None:
    shown = found(Evidence(Verdict.BLOCKED, "It was not tried.", bug=2, blocked_by=1))

    assert " blocked by 1 " in shown


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        (Figure("statements", 4), "statements: 4"),
        (Figure("memory", 64.0, "MiB", 256), "memory: 64 MiB  ███░░░░░░░░░  at most 256 MiB"),
        (Figure("blocks", 31925, "", 319), "blocks: 31,925  ████████████ 100×  at most 319"),
        (Figure("answer", 1540.0, "ms", 1000), "answer: 1.5 s  ████████████ 1.5×  at most 1.0 s"),
        (Figure("statements", 112, "", 110), "statements: 112  ████████████  at most 110"),
        (Figure("winners", 4, "", 0), "winners: 4  ████████████  at most 0"),
        (Figure("edited", -1e9, "", 1), "edited: -1,000,000,000  ░░░░░░░░░░░░  at most 1"),
        (Figure("winners", 0, "", 0), "winners: 0  ░░░░░░░░░░░░  at most 0"),
    ],
)
def test_a_figure_is_shown_with_its_unit_and_how_much_of_its_limit_it_takes(
    figure: Figure, line: str
) -> None:
    shown = found(Evidence(Verdict.PRESENT, "It shows.", (figure,), bug=4))

    assert shown.splitlines()[2].strip() == line


def test_the_summary_counts_what_is_fixed_after_the_notes() -> None:
    shown = found(
        Evidence(Verdict.FIXED, "It runs.", bug=1),
        Evidence(Verdict.MASKED, "It hides.", bug=2),
        notes=("An index was carried over.",),
    )

    assert shown.splitlines()[3:] == [
        "",
        "An index was carried over.",
        "",
        "Fixed: 1. Masked: 2.",
        f"1 of 2 fixed, in 12.3 s. Raw data: {RUN}",
    ]


def test_a_narrow_table_has_the_title_above_what_was_seen_and_a_bar_without_room_below_its_figure() -> None:
    bugs = (Bug(5, "Missing index"),)
    figures = (Figure("blocks", 31925, "", 319), Figure("blocks read for all the logs", 31925, "", 319))
    evidence = (Evidence(Verdict.PRESENT, "It is read from end to end.", figures, bug=5),)
    checked = Checked(bugs, evidence, (), RUN, 1.0, {5: Verdict.FIXED})

    assert text(check_views.checked(checked), width=70).splitlines() == [
        "N  VERDICT      BUG AND WHAT WAS SEEN",
        "5  present      Missing index",
        "   (was fixed)  It is read from end to end.",
        "                  blocks: 31,925  ████████████ 100×  at most 319",
        "                  blocks read for all the logs: 31,925",
        "                    ████████████ 100×  at most 319",
        "",
        f"0 of 1 fixed, in 1.0 s. Raw data: {RUN}",
    ]


def test_a_verdict_that_changed_has_the_one_from_before_beside_it() -> None:
    evidence = tuple(
        Evidence(verdict, "Seen.", bug=bug)
        for bug, verdict in ((1, Verdict.FIXED), (2, Verdict.PRESENT), (3, Verdict.FIXED), (4, Verdict.FIXED))
    )
    previous = {1: Verdict.PRESENT, 2: Verdict.FIXED, 3: Verdict.FIXED}
    bugs = tuple(Bug(one.bug, "Title") for one in evidence)

    lines = text(check_views.checked(Checked(bugs, evidence, (), RUN, 1.0, previous))).splitlines()

    told = [line.partition("Title")[2].partition("Seen.")[0].strip() for line in lines[1:5]]
    assert told == ["fixed (was present)", "present (was fixed)", "fixed", "fixed"]


def test_a_proof_is_a_matrix_of_states_and_bugs() -> None:
    rows = (
        ProofRow(
            "as shipped",
            None,
            (Evidence(Verdict.PRESENT, "", bug=1), Evidence(Verdict.PRESENT, "", bug=2)),
            (),
        ),
        ProofRow("fix 2 applied", 2, (Evidence(Verdict.MASKED, "", bug=2),), ("It hides.", "It slows.")),
    )
    shown = text(check_views.verified(Verified((Bug(1, "One"), Bug(2, "Two")), rows, False, RUN)))

    lines = shown.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["1", "2"],
        ["as", "shipped", "present", "present", "ok"],
        ["fix", "2", "applied", "masked", "wrong"],
    ]
    assert lines[2].index("masked") == lines[0].index("2")
    assert lines[4:] == [
        "fix 2 applied: It hides.",
        "fix 2 applied: It slows.",
        f"2 problems. Raw data: {RUN}",
    ]


@pytest.mark.parametrize(("whole", "summary"), [(True, "All fixes are proved."), (False, "Proved.")])
def test_a_proof_without_problems_says_so(whole: bool, summary: str) -> None:
    row = ProofRow("as shipped", None, (Evidence(Verdict.PRESENT, "", bug=1),), ())

    shown = text(check_views.verified(Verified((Bug(1, "One"),), (row,), whole, RUN)))

    assert shown.splitlines()[-1] == f"{summary} Raw data: {RUN}"
