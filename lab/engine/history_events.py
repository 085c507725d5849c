"""What the process that runs Alembic reports, as values. None of it is trusted: it may have any form."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lab.engine.revisions import History, Revision
from lab.engine.watched import LONGEST, Failure, Statement
from lab.json_files import from_json
from lab.sentences import printable

MOST_STATEMENTS = 20_000
Event = Mapping[str, Any]


class Lines:
    """Splits what comes in parts into lines, and the lines into events. Other lines are left out."""

    def __init__(self) -> None:
        self._rest = b""

    def events(self, part: bytes) -> list[Event]:
        *lines, self._rest = (self._rest + part).split(b"\n")
        found = list[Event]()
        for line in lines:
            with suppress(ValueError, RecursionError):
                event = json.loads(line)
                if isinstance(event, dict) and isinstance(event.get("kind"), str):
                    found.append(event)
        return found


def history_of(events: Iterable[Event]) -> History:
    return History(
        tuple(
            Revision(
                text_in(one, "id"), texts_in(one, "parents"), text_in(one, "message"), text_in(one, "file")
            )
            for one in events
            if one["kind"] == "revision"
        )
    )


def failure_of(event: Event) -> Failure:
    line = event.get("line")
    number = max(line, 0) if isinstance(line, int) else 0
    return Failure(text_in(event, "text"), text_in(event, "file"), number, text_in(event, "state"))


def statements_of(events: Iterable[Event]) -> tuple[Statement, ...]:
    """Return the statements that were reported. What has another form is an invention of the candidate's."""
    found = list[Statement]()
    for event in events:
        if event["kind"] == "statement" and len(found) < MOST_STATEMENTS:
            with suppress(ValueError):
                one = from_json(json.dumps(event), Statement)
                found.append(replace(one, sql=one.sql[:LONGEST], line=max(one.line, 0)))
    return tuple(found)


def text_in(event: Event, key: str) -> str:
    return printable(" ".join(str(event.get(key, "")).split()))


def texts_in(event: Event, key: str) -> tuple[str, ...]:
    found = event.get(key)
    return tuple(printable(str(one)) for one in found) if isinstance(found, list) else ()


def convention_of(event: Event) -> dict[str, str]:
    found = event.get("names")
    return (
        {str(kind): printable(str(text)) for kind, text in found.items()} if isinstance(found, dict) else {}
    )
