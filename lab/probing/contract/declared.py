"""What a contract leaves open, as a library's contract.toml says, and the comparison of two answers."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import InvalidFile
from lab.json_files import from_json, to_json
from lab.probing.contract.normal import is_later
from lab.probing.contract.script import Answer, Call


@dataclass(frozen=True, slots=True)
class Open:
    """What one route leaves open, and why.

    only: the members that are compared; empty for all.
    statuses: groups of which any status is as good as another. body: the body of a success is not compared.
    members: not compared. later: may be the moment of a later request. estimates: null and 0 are compared,
    other numbers are not. reasons: a text where the member that they are of is null, else null.
    """

    route: str
    why: str
    only: tuple[str, ...] = ()
    statuses: tuple[tuple[int, ...], ...] = ()
    body: bool = False
    members: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    estimates: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What contract.toml declares. Bugs are named by their slugs.

    always: the fixes that the reference always has: they change no answer, and it would be slow without them.
    needs: the routes that are not compared while a bug is there.
    given: the environment that services get in both systems while a bug is there, by bug and service.
    """

    always: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    open: tuple[Open, ...] = ()

    def of(self, route: str) -> Open:
        """Return what the route leaves open."""
        return next((one for one in self.open if one.route == route), Open(route, ""))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two answers differ: the path of the member (empty: the status), and both values."""

    where: str
    expected: Any
    actual: Any


def read_declared(path: Path) -> Declared:
    """Return what the file declares. Raises InvalidFile: it cannot be read, or has another form."""
    try:
        return from_json(to_json(tomllib.loads(path.read_text(encoding="utf-8"))), Declared)
    except (OSError, ValueError) as error:
        raise InvalidFile(path, [str(error)]) from error


def difference(call: Call, expected: Answer, actual: Answer, declared: Declared) -> Difference | None:
    """Return the first difference of two answers in normal form that the contract does not leave open."""
    free = declared.of(call.route)
    if actual.problem and not expected.problem:
        return Difference("", expected.status, actual.problem)
    if expected.status != actual.status and not any(
        {expected.status, actual.status} <= set(group) for group in free.statuses
    ):
        return Difference("", expected.status, actual.status)
    if expected.status is None or actual.status is None:
        return None
    if actual.status >= 400 or expected.status >= 400:
        return _error(expected, actual)
    if free.body or expected.status != actual.status:
        return None
    if expected.location and expected.location != actual.location:
        return Difference("the header Location", expected.location, actual.location)
    return _in_value(expected.body, actual.body, free, "")


def _error(expected: Answer, actual: Answer) -> Difference | None:
    """An error is its status, and a text for people. The text itself is open."""
    has_text = isinstance(actual.body, dict) and isinstance(actual.body.get("error"), str)
    had_text = isinstance(expected.body, dict) and "error" in expected.body
    if had_text and not has_text and actual.status is not None and actual.status >= 400:
        return Difference("error", "a text", actual.body)
    return None


def _in_value(expected: Any, actual: Any, free: Open, path: str) -> Difference | None:
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _in_object(expected, actual, free, path)
    if isinstance(expected, list) and isinstance(actual, list):
        return _in_list(expected, actual, free, path)
    if isinstance(expected, bool) != isinstance(actual, bool) or expected != actual:
        return Difference(path or "the body", expected, actual)
    return None


def _in_object(
    expected: Mapping[str, Any], actual: Mapping[str, Any], free: Open, path: str
) -> Difference | None:
    for name, value in expected.items():
        where = f"{path}.{name}" if path else name
        if name in free.reasons:
            is_null = actual.get(free.reasons[name]) is None
            if bool(actual.get(name)) != is_null:
                return Difference(where, "a text" if is_null else None, actual.get(name))
            continue
        if name in free.members or (free.only and not path and name not in free.only):
            continue
        if name not in actual:
            return Difference(where, value, "(no such member)")
        other = actual[name]
        if name in free.later and is_later(other, value):
            continue
        if name in free.estimates:
            if not _is_like(value, other):
                return Difference(where, value, other)
            continue
        if found := _in_value(value, other, free, where):
            return found
    return None


def _in_list(expected: list[Any], actual: list[Any], free: Open, path: str) -> Difference | None:
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        if found := _in_value(one, other, free, f"{path}[{place}]"):
            return found
    if len(expected) != len(actual):
        return Difference(f"the length of {path or 'the list'}", len(expected), len(actual))
    return None


def _is_like(expected: Any, actual: Any) -> bool:
    """Whether an estimate may be `actual`. What it rests on is open; when it is 0 or null is not."""
    if expected is None or expected == 0:
        return bool(actual == expected) and not isinstance(actual, bool)
    return actual is None or (
        isinstance(actual, int | float) and not isinstance(actual, bool) and actual >= 0
    )
