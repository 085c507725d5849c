"""`lab card show`, and the formats of `lab grade`, as a person calls them."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings

from lab.cli import card_views, grade_views
from lab.cli.main import cli
from lab.json_files import to_json
from lab.operations.card import readable
from lab.probing.contract.results import Beside, Regression
from lab.review.finding import Basis, Finding
from lab.scorecard.card import Card, CommandCard, CommitCard, HandoutCard, ReviewCard, TimeCard
from lab.scorecard.card_file import CARD
from tests.lab.cli.test_inspect_views import lines
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, cards

FULL = replace(
    EVERY,
    bugs=(replace(EVERY.bugs[0], hints=2), *EVERY.bugs[1:]),
    beside=Beside(9, (Regression("GET /a", "GET /a", "", "200", "500", ("POST /b", "GET /a")),)),
    review=ReviewCard((Finding("data-lost", "f.py", 4, Basis.MEASURED, "5 rows are gone.", "Keep them."),)),
    handout=HandoutCard("0123456789ab", (1, 2), 90, "allowed", "Ada"),
    timeline=(CommandCard(("up", "--rows", "9"), 0, 5.0),),
    commits=(CommitCard("Book in one statement", 6.0),),
    time=TimeCard(600.0, True),
    notes=("A note.",),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / CARD).write_text(to_json(FULL))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["card", "show", *words])


def test_all_of_a_card_is_shown(folder: Path) -> None:
    done = run(str(folder))
    assert done.exit_code == 0
    told = [
        *("ada", "(Ada): bugs 1, 2; AI assistants allowed", "blocked by 3", "unmeasured", "slowest: 7.5 ms"),
        *("at most 5 ms", "2 hints given", "Its fix was given", "expected 200, got 500", "after POST /b"),
        *(
            "data-lost f.py:4",
            "5 rows are gone.",
            "Safer: Keep them.",
            "Time used: within the time of this handout",
        ),
        *("commit: Book in one statement", "lab up --rows 9 (exit 0)", "A note.", FULL.judgement),
    ]
    assert [text for text in told if text not in done.output] == []


def test_a_card_that_could_not_be_graded_is_shown_with_whose_fault_it_is() -> None:
    assert "Not graded: It is empty." in lines(card_views.card(EMPTY, EMPTY.judgement))
    assert any(
        "says nothing about the work" in line for line in lines(card_views.card(FAILED, FAILED.judgement))
    )


def test_a_format_is_printed_as_it_is_written(folder: Path) -> None:
    assert ElementTree.fromstring(run(str(folder / CARD), "--format", "junit").output).tag == "testsuites"
    assert json.loads(run(str(folder), "--json").output) == json.loads(to_json(FULL))


def test_points_need_a_course_file(folder: Path) -> None:
    done = run(str(folder), "--format", "gradescope")
    assert type(done.exception).__name__ == "UsageError"
    (folder / "course.toml").write_text("[points]\n1 = 10\n")
    done = run(str(folder), "--format", "gradescope", "--course", str(folder / "course.toml"))
    assert json.loads(done.output)["score"] == 10


def test_json_and_a_format_exclude_each_other(folder: Path) -> None:
    assert run(str(folder), "--json", "--format", "csv").exit_code == 2


def test_the_formats_of_lab_grade_are_checked_before_anything_is_graded(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    words = ["grade", str(tmp_path / "ada"), "-o", str(tmp_path / "out"), "--format", "prairielearn"]
    done = CliRunner().invoke(cli, words)
    assert "only a teacher can say which" in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("way", [["--one"], ["--pack", "bundles"]], ids=["one", "pack"])
@pytest.mark.parametrize(
    "option", [["--format", "junit"], ["--jobs", "2"], ["--for-candidate"], ["--executor", "dask://x"]]
)
def test_options_of_cards_are_refused_where_there_are_none(
    tmp_path: Path, way: list[str], option: list[str]
) -> None:
    (tmp_path / "ada").mkdir()
    words = ["grade", str(tmp_path / "ada"), "-o", str(tmp_path / "out"), *way, *option]
    done = CliRunner().invoke(cli, words)
    assert (done.exit_code, f"{way[0]} takes no {option[0]}." in done.output) == (2, True)


def test_a_bundle_that_is_graded_alone_takes_no_handout_and_says_what_it_wrote(tmp_path: Path) -> None:
    words = ["grade", "--one", "x.zip", "-o", "result.zip"]
    for option in ("--handout", "--pack"):
        done = CliRunner().invoke(cli, [*words, option, "5f0c2ba19d7e"])
        assert (done.exit_code, f"--one takes no {option}." in done.output) == (2, True)
    assert "graded. The result is r.zip." in grade_views.alone(EVERY, Path("r.zip"))


def test_a_contact_without_a_copy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    done = CliRunner().invoke(cli, ["grade", str(tmp_path / "ada"), "--contact", "Grace"])
    assert (done.exit_code, "add --for-candidate" in done.output) == (2, True)


@settings(max_examples=10, deadline=None)
@given(cards)
def test_any_card_is_shown_without_a_character_that_could_change_a_terminal(card: Card) -> None:
    for line in lines(card_views.card(readable(card), card.judgement)):
        assert line.isprintable()
