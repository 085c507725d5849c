"""The normal form of answers: two systems that behave alike give the same, whatever their clocks and ids.

A value that a name was given to becomes {name}. A moment of the time in which a script was sent becomes the
number of the request that made it: a difference in seconds would depend on how fast the machine is.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lab.probing.contract.player import saved
from lab.probing.contract.script import Answer, Call, Task, Transcript

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)")
TIME_OF = re.compile(r"\(the time of request (\d+)\)")
DECIMALS = 3
"""Decimals of a number that is not whole: sums and differences of floats may differ in the last ones."""


def normal(task: Task, transcript: Transcript) -> list[Answer]:
    """Return the answers with names and request numbers in place of the values of this run."""
    texts = {value: f"{{{name}}}" for name, value in task.rows.items()}
    # Of two tables, rows may have the same number: a number has its name only where its table is meant.
    numbers: dict[tuple[str, ...], dict[str, str]] = {}
    found = []
    for call, answer in zip(task.script.calls, transcript, strict=True):
        for name, value in saved(call, answer).items():
            own = numbers.setdefault(_family(call), {}) if value.isdigit() else texts
            own[value] = f"{{{name}}}"
        form = _Form(texts, numbers.get(_family(call), {}), transcript)
        body, location = form.of(answer.body), answer.location.rpartition("/")[2]
        found.append(replace(answer, body=_own(body, call.only), location=texts.get(location, location)))
    return found


def _family(call: Call) -> tuple[str, ...]:
    """Return the fixed parts of the route's path: those of one family have the same rows."""
    return tuple(part for part in call.route.partition(" ")[2].split("/") if part and part[0] != "{")


class _Form:
    def __init__(self, texts: Mapping[str, str], numbers: Mapping[str, str], transcript: Transcript) -> None:
        self._texts, self._numbers, self._transcript = texts, numbers, transcript

    def of(self, value: Any, member: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self.of(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self.of(one, member) for one in value]
        if isinstance(value, str):
            return self._texts.get(value) or self._moment(value)
        if isinstance(value, int) and not isinstance(value, bool) and _is_id(member):
            return self._numbers.get(str(value), value)
        return round(value, DECIMALS) if isinstance(value, float) else value

    def _moment(self, text: str) -> str:
        match = MOMENT.fullmatch(text)
        if match is None:
            return text
        try:
            moment = datetime.fromisoformat(text)
            seconds = moment.timestamp()
            value = moment.astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            return text
        # A text with fewer decimals may be a little before the request that it is of.
        latest = seconds + (10.0 ** -min(len(match[1]), 6) if match[1] else 0)
        before = [number for number, one in enumerate(self._transcript, 1) if one.sent <= latest]
        if not before:
            return value
        return _time_of(before[-1])


def _time_of(request: int) -> str:
    return f"(the time of request {request})"


def is_later(moment: Any, than: Any) -> bool:
    """Whether both are moments in normal form, and the first is that of a later request than the second.

    What is not the moment of a request is older than all that are.
    """
    found = [TIME_OF.fullmatch(one) if isinstance(one, str) else None for one in (moment, than)]
    is_moment = isinstance(than, str) and (found[1] is not None or MOMENT.fullmatch(than) is not None)
    return is_moment and found[0] is not None and int(found[0][1]) > (int(found[1][1]) if found[1] else 0)


def _is_id(member: str) -> bool:
    return member == "id" or member.endswith("_id")


def _own(value: Any, only: str) -> Any:
    """Return the value; of its lists, only the objects whose member `only` is a named value."""
    if not only or not isinstance(value, dict):
        return value
    return {name: _named(one, only) if isinstance(one, list) else one for name, one in value.items()}


def _named(found: list[Any], only: str) -> list[Any]:
    return [one for one in found if isinstance(one, dict) and str(one.get(only)).startswith("{")]
