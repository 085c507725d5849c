"""`make prove`: what its page says of the results that were kept, and which results are kept."""

from pathlib import Path

import pytest

from tests.prove import Item, Keeper, Result, _read, table

CLAIM = ("A kill loses nothing", "kills")
ITEMS = [Item("first", *CLAIM), Item("second", *CLAIM), Item("third", "An answer is judged", "answers")]


def rows(*results: Result) -> list[list[str]]:
    page = table("abc123", ITEMS, results)
    assert "Commit `abc123`." in page
    lines = page.partition("| --- |")[2].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_what_was_not_run_yet_counts_for_nothing() -> None:
    assert rows(Result("first", True, 20, 30.0)) == [
        ["A kill loses nothing", "20 kills", "0", "1 of 2", "0.5"],
        ["An answer is judged", "0 answers", "0", "0 of 1", "0.0"],
    ]


def test_a_failure_stays_on_the_page_when_the_test_passes_later() -> None:
    results = (
        Result("first", False, 1, 6.0),
        Result("second", True, 20, 6.0),
        Result("first", True, 20, 6.0),
    )

    assert rows(*results)[0] == ["A kill loses nothing", "40 kills", "1", "2 of 2", "0.3"]
    assert table("abc123", ITEMS, results).endswith("## Failures\n\n- `first`\n")


def test_a_test_that_passed_twice_counts_once() -> None:
    assert rows(Result("third", True, 1, 0.0), Result("third", True, 1, 0.0))[1][1] == "1 answers"


def report(when: str, outcome: str = "passed", **properties: int) -> pytest.TestReport:
    """What pytest reports of one part of the test `first`, which took a second."""
    place = ("first", None, "first")
    told = list(properties.items())
    return pytest.TestReport("first", place, {}, outcome, None, when, duration=1.0, user_properties=told)


PASSED = Result("first", True, 20, 3.0)


@pytest.mark.parametrize(
    ("reports", "kept"),
    [
        ([report("setup"), report("call", proved=20), report("teardown", proved=20)], PASSED),
        ([report("setup"), report("call", "failed"), report("teardown")], Result("first", False, 1, 3.0)),
        ([report("setup", "failed"), report("teardown")], Result("first", False, 1, 2.0)),
        ([report("setup"), report("call"), report("teardown", "failed")], Result("first", False, 1, 3.0)),
        ([report("setup"), report("???", "failed")], Result("first", False, 1, 2.0)),
    ],
    ids=["passed", "failed", "not set up", "not torn down", "its process died"],
)
def test_one_result_is_kept_of_a_test_that_has_ended(
    reports: list[pytest.TestReport], kept: Result, tmp_path: Path
) -> None:
    file = tmp_path / "results"
    keeper = Keeper(file)
    for one in reports[:-1]:
        keeper.pytest_runtest_logreport(one)
    assert not file.exists()
    keeper.pytest_runtest_logreport(reports[-1])
    assert _read(file) == [kept]
    assert keeper.running == {}
