"""`lab card mark`, `lab card keep`, `lab card forget` and `lab regrade`, as a person runs them."""

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from lab.scorecard.marks import MARKS
from lab.shell import Finished
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command
from tests.lab.cli.terminal import sessions
from tests.lab.operations.cards import contents, write_card

LAB = (sys.executable, "-m", "lab")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_card(tmp_path / "cards" / "ada")
    return tmp_path / "cards"


def said(done: Finished) -> str:
    return done.stdout.decode() + done.stderr.decode()


def test_lines_are_shown_marked_signed_and_then_compared(lab: Command, out: Path) -> None:
    shown = lab("card", "mark", out / "ada", "--name", "Grace")
    assert shown.code == 0
    for text in ("REPAIR", "BUILD", "excellent: ", "- Bug 3, t: fixed.", "the marks of others are not shown"):
        assert text in said(shown)
    words = ("card", "mark", out / "ada", "code", "good")
    assert lab(*words, "--name", "Linus", "--note", "Short\nparts.", "--sign").code == 0
    done = lab(*words[:-1], "mixed", "--name", "Grace", "--sign")
    for text in (
        "code, Grace: mixed",
        "code, Linus: good. Short / parts.",
        "The marks are one step apart.",
        "Signed too, and shown: Linus.",
        "Without a mark of yours: Systematic approach, ",
        "The history's hash, to note elsewhere: ",
    ):
        assert text in said(done)
    found = json.loads(lab("card", "mark", out / "ada", "--name", "Grace", "--json").stdout)
    assert (found["rater"], found["others"], len(found["lines"])) == ("Grace", ["Linus"], 8)
    assert not {"total", "points", "rank", "score"} & {*found, *found["lines"][0]}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["aproach", "good"], 2, "Did you mean approach? Its lines: approach, "),
        (["approach", "goood"], 2, "The marks: poor, mixed, good, excellent"),
        (["approach"], 2, "Name a MARK for approach"),
        (["--note", "x"], 2, "--note needs a LINE"),
        (["--sign"], 2, "No line has a mark of yours"),
        (["--page", "--json"], 2, "--page takes no"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_words_are_answered_with_the_right_ones(
    words: list[str], code: int, says: str, lab: Command, out: Path
) -> None:
    done = lab("card", "mark", out / "ada", "--name", "Grace", *words)
    assert (done.code, says in said(done)) == (code, True)
    assert not (out / "ada" / MARKS).exists()


def test_a_broken_history_is_refused_with_its_line(lab: Command, out: Path) -> None:
    (out / "ada" / MARKS).write_text("{}\n")
    done = lab("card", "mark", out / "ada", "--name", "Grace")
    assert (done.code, "marks.jsonl, line 1: it is no event." in said(done)) == (3, True)


def test_a_batch_is_regraded_and_the_marks_that_stay_are_named(lab: Command, out: Path) -> None:
    assert lab("card", "mark", out / "ada", "code", "good", "--name", "Grace").code == 0
    before = contents(out)
    done = lab("regrade", out, "-o", out.parent / "new")
    assert done.code == 0
    assert said(done).startswith("1 card in ")
    assert "Marks were not copied: those of ada stay in" in said(done)
    assert contents(out) == before
    assert lab("regrade", out, "-o", out.parent / "new").code == 3


def test_until_its_date_a_card_is_forgotten_only_if_a_person_says_so(lab: Command, out: Path) -> None:
    assert lab("card", "keep", out, "--until", "soon").code == 2
    kept = lab("card", "keep", out, "--until", "2999-12-31", "--json")
    assert json.loads(kept.stdout) == {"folders": ["ada"], "until": "2999-12-31", "replaced": []}
    refused = lab("card", "forget", out / "ada")
    assert (refused.code, "It is to be kept until 2999-12-31." in said(refused)) == (3, True)
    with sessions(PROJECT) as session:
        asked = session(*LAB, "card", "forget", str(out / "ada"))
        asked.wait_for("all the same? [y/N]")
        asked.type("n\n")
        assert asked.end() == 3
        assert (out / "ada" / "card.json").exists()
        asked = session(*LAB, "card", "forget", str(out / "ada"))
        asked.wait_for("all the same? [y/N]")
        asked.type("y\n")
        asked.wait_for("The tombstone is ")
        assert asked.end() == 0
    (tombstone,) = out.iterdir()
    assert list(contents(tombstone)) == [MARKS]


def test_without_a_date_or_with_yes_a_card_is_forgotten_at_once(lab: Command, out: Path) -> None:
    write_card(out / "bob")
    assert lab("card", "forget", out / "ada").code == 0
    assert lab("card", "keep", out / "bob", "--until", date.max.isoformat()).code == 0
    done = lab("card", "forget", out / "bob" / "card.json", "--yes", "--json")
    assert done.code == 0
    assert json.loads(done.stdout)["events"] == 0
    assert all(path.name.startswith("forgotten-") for path in out.iterdir())
