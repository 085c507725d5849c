"""The revisions as values: heads, what is below them, ids by their beginning, and the next number."""

import pytest

from lab.engine.revisions import History, Revision
from lab.errors import UsageError


def history(**parents: str) -> History:
    """Revisions by their ids, each with the ids below it. An id begins with `r` here, as keywords must."""
    return History(tuple(Revision(id_, tuple(below.split()), "", "") for id_, below in parents.items()))


MERGED = history(r1="", r2="r1", r3="r1", r4="r2 r3")


def test_a_merge_is_the_only_head_of_what_it_merges() -> None:
    assert MERGED.heads == ("r4",)
    assert history(r1="", r3="r1", r2="r1").heads == ("r2", "r3")


def test_all_that_is_below_is_found_through_a_merge() -> None:
    assert MERGED.at_or_below(["r4"]) == {"r1", "r2", "r3", "r4"}
    assert MERGED.at_or_below(["r2"]) == {"r1", "r2"}


@pytest.mark.parametrize(("text", "problem"), [("x", "no revision 'x'"), ("r", "several"), ("", "no revis")])
def test_an_id_that_means_no_revision_or_several_is_wrong_usage(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        MERGED.find(text)


def test_a_whole_id_wins_over_one_that_begins_so() -> None:
    assert history(r1="", r12="r1").find("r1").id == "r1"
    assert history(r1="", r12="r1").find("r12").id == "r12"


@pytest.mark.parametrize(
    ("ids", "like", "expected"),
    [
        (("0001", "0002"), "0002", "0003"),
        (("0002", "0007", "f405a21079e4"), "0002", "0008"),
        (("0002", "123456789012"), "0002", "0003"),
        ((), "0002", "0003"),
        (("f405a21079e4",), "f405a21079e4", None),
    ],
)
def test_the_next_number_follows_the_highest_of_that_form(
    ids: tuple[str, ...], like: str, expected: str | None
) -> None:
    assert History(tuple(Revision(id_, (), "", "") for id_ in ids)).next_number(like) == expected
