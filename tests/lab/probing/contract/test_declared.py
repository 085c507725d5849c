"""Two answers are the same but for what the contract declares as open."""

from pathlib import Path
from typing import Any

import pytest

from lab.errors import InvalidFile
from lab.probing.contract.declared import Declared, Open, difference, read_declared
from lab.probing.contract.script import Answer, Call
from probes.contract import scripts
from tests.conftest import PROJECT

ROUTE = "GET /x"
CALL = Call("service", ROUTE, "/x")


def compared(expected: Any, actual: Any, answered: tuple[int, int] = (200, 200), **free: Any) -> str | None:
    """Where the answers differ, if they do."""
    declared = Declared(open=(Open(ROUTE, "a reason", **free),))
    answers = [Answer(status, body, 0, 1) for status, body in zip(answered, (expected, actual), strict=True)]
    found = difference(CALL, *answers, declared)
    return found.where if found else None


@pytest.mark.parametrize(
    ("expected", "actual", "where"),
    [
        ({"a": 1}, {"a": 1, "more": 2}, None),
        ({"a": 1}, {}, "a"),
        ({"a": 1}, {"a": "1"}, "a"),
        ({"a": 1}, {"a": True}, "a"),
        ({"a": 1}, {"a": 1.0}, None),
        ({"a": None}, {}, "a"),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, "a.b[1].c"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "a[0]"),
        ({"a": [1, 2]}, {"a": [1]}, "the length of a"),
        ({"a": []}, {"a": [1]}, "the length of a"),
        ({"a": 1}, [], "the body"),
        ({"a": 1}, None, "the body"),
    ],
)
def test_members_are_compared_and_more_members_are_open(
    expected: Any, actual: Any, where: str | None
) -> None:
    assert compared(expected, actual) == where


def test_of_an_error_the_status_and_that_there_is_a_text_are_compared() -> None:
    assert compared({"error": "a"}, {"error": "b", "code": 3}, (409, 409)) is None
    assert compared({"error": "a"}, {"error": "a"}, (409, 400)) == ""
    assert compared({"error": "a"}, "<h1>Conflict</h1>", (409, 409)) == "error"
    assert compared({"error": "a"}, {"message": "b"}, (409, 409)) == "error"


def test_a_moment_may_be_later_where_that_is_open_but_not_earlier() -> None:
    first, second = "(the time of request 1)", "(the time of request 2)"
    old = "2026-05-02T08:00:00Z"
    for expected, actual, where in (
        (first, second, None),
        (old, first, None),
        (first, first, None),
        (second, first, "at"),
        (first, old, "at"),
        (first, None, "at"),
        (None, first, "at"),
        (old, "2026-05-03T08:00:00Z", "at"),
    ):
        assert compared({"at": expected}, {"at": actual}, later=("at",)) == where
    assert compared({"at": first}, {}, later=("at",)) == "at"
    assert compared({"at": first}, {"at": second}) == "at"


def test_a_reason_is_a_text_where_its_member_is_null() -> None:
    number, null = {"wait": 5, "reason": None}, {"wait": None, "reason": "there are no runs"}
    free: dict[str, Any] = {"estimates": ("wait",), "reasons": {"reason": "wait"}}
    assert compared(number, {"wait": 7, "reason": None}, **free) is None
    assert compared(number, {"wait": None, "reason": "other"}, **free) is None
    assert compared(null, {"wait": None, "reason": "other"}, **free) is None
    for expected, actual in (
        (number, {"wait": 7, "reason": "other"}),
        (number, {"wait": None, "reason": None}),
        (null, {"wait": None, "reason": ""}),
        (null, {"wait": None}),
    ):
        assert compared(expected, actual, **free) == "reason"


def test_no_answer_is_a_difference() -> None:
    gone = Answer(None, None, 0, 1, "the connection was closed")
    found = difference(CALL, Answer(200, {}, 0, 1), gone, Declared())
    assert found is not None
    assert found.actual == "the connection was closed"


def test_a_status_is_as_good_as_another_of_its_group_only() -> None:
    groups = ((200, 204), (400, 404))
    assert compared({"a": 1}, None, (200, 204), statuses=groups) is None
    assert compared({"error": "a"}, {"error": "b"}, (400, 404), statuses=groups) is None
    assert compared({"a": 1}, {"error": "b"}, (200, 404), statuses=groups) == ""


def test_a_member_is_open_as_it_is_declared() -> None:
    assert compared({"a": 1, "b": 1}, {"b": 1}, members=("a",)) is None
    assert compared({"a": 1}, {"a": 2}, body=True) is None
    assert compared({"a": 1, "b": 1}, {"b": 1}, only=("b",)) is None
    assert compared({"a": 1, "b": 1}, {"a": 1}, only=("b",)) == "b"


@pytest.mark.parametrize(
    ("expected", "actual", "is_same"),
    [
        *((5.0, 7, True), (5.0, None, True), (5.0, 0, True)),
        *((5.0, -1, False), (5.0, "7", False), (5.0, True, False)),
        *((0, 0.0, True), (0, 3, False), (0, None, False), (0, False, False)),
        *((None, None, True), (None, 3, False)),
    ],
)
def test_an_estimate_is_open_but_for_zero_and_null(expected: Any, actual: Any, is_same: bool) -> None:
    assert (compared({"a": expected}, {"a": actual}, estimates=("a",)) is None) is is_same


def test_the_library_declares_routes_and_bugs_that_there_are() -> None:
    declared = read_declared(PROJECT / "probes" / "contract" / "contract.toml")
    slugs = {path.name.partition("_")[2] for path in (PROJECT / "fixes").glob("[0-9]*_*")}
    assert {*declared.needs, *declared.given, *declared.always} <= slugs
    assert all(one.why for one in declared.open)
    routes = {call.route for script in scripts(1) for call in script.calls}
    assert {one.route for one in declared.open} <= routes
    assert set[str]().union(*declared.needs.values()) <= routes


@pytest.mark.parametrize("text", ["open = 3", "[[open]]\nwhy = 'no route'", "needs = [", "[needs]\na = 'x'"])
def test_a_mistake_in_the_file_is_reported(tmp_path: Path, text: str) -> None:
    file = tmp_path / "contract.toml"
    file.write_text(text)
    with pytest.raises(InvalidFile, match=r"contract\.toml"):
        read_declared(file)
