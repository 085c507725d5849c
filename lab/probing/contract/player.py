"""Send scripts to the services of one system."""

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from lab.probing.client import Reply, request
from lab.probing.contract.script import Answer, Call, Task, Transcript

WORKERS = 8
"""Scripts that are sent side by side. Much of their time is waiting."""

TIMEOUT = 30.0
"""Seconds that a request may take. A GET that takes longer is sent once more: the machine may be busy."""

MOST_UNANSWERED = 10
"""Requests without an answer after which no more are sent: a service that hangs would take an hour."""

NOT_SENT = f"not sent, after {MOST_UNANSWERED} requests without an answer"

UNKNOWN = "0"
"""The value of a name that no answer gave: no row has it as its id."""

NAME = re.compile(r"\{(\w+)\}")
NOT_JSON = "not JSON"
MOST_BYTES = 2 * 2**20
"""Bytes of an answer after which no more is read: all answers are kept until they are compared."""

LONGEST_TYPE = 80
"""Characters of a media type that are kept."""

MOST_DEEP = 50
"""Levels of an answer's lists and objects."""


class Player:
    """Sends scripts to the services at these URLs: if a service has several, to each of them in turn."""

    def __init__(self, urls: Mapping[str, Sequence[str]], timeout: float = TIMEOUT) -> None:
        self._urls, self._timeout = urls, timeout
        self._unanswered = 0

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        """Send each script and return its answers, in this order. Those that are alone are sent first.

        Of the others the long ones are sent first: while one of them waits, short ones fill the time.
        """
        places = range(len(tasks))
        found = {
            place: self._transcript(tasks[place], place) for place in places if tasks[place].script.alone
        }
        beside = [place for place in places if place not in found]
        beside.sort(key=lambda place: len(tasks[place].script.calls), reverse=True)
        with ThreadPoolExecutor(WORKERS) as pool:
            transcripts = pool.map(lambda place: self._transcript(tasks[place], place), beside)
            found |= dict(zip(beside, transcripts, strict=True))
        return [found[place] for place in places]

    def stop(self) -> None:
        """Send no more requests: the other requests of a running script get the problem NOT_SENT."""
        self._unanswered = MOST_UNANSWERED

    def _transcript(self, task: Task, first: int) -> Transcript:
        """Send the script, its first request to the instance with this number."""
        values = dict(task.rows)
        answers = []
        for place, call in enumerate(task.script.calls, first):
            urls = self._urls[call.service]
            answer = self._answer(urls[place % len(urls)], call, values)
            values |= saved(call, answer)
            answers.append(answer)
        return tuple(answers)

    def _answer(self, url: str, call: Call, values: Mapping[str, str]) -> Answer:
        if self._unanswered >= MOST_UNANSWERED:
            now = time.time()
            return Answer(None, None, now, now, NOT_SENT)
        answer = _send(url, call, values, self._timeout)
        is_late = answer.status is None and answer.received - answer.sent >= self._timeout
        if is_late and call.method == "GET":
            answer = _send(url, call, values, self._timeout)
        self._unanswered += answer.status is None
        return answer


def saved(call: Call, answer: Answer) -> dict[str, str]:
    """Return the values that the answer gives to names, by their names."""
    if not isinstance(answer.body, dict):
        return {}
    members = {name: answer.body.get(member) for member, name in call.saves.items()}
    return {name: str(value) for name, value in members.items() if _is_value(value)}


def names_in(call: Call) -> set[str]:
    """Return the names that the request has in its path, query and body."""
    return set(NAME.findall(f"{call.path} {call.query} {call.body}"))


def _is_value(value: Any) -> bool:
    """Whether the value can be part of a request: a lone surrogate can't."""
    return isinstance(value, int) or (isinstance(value, str) and not re.search("[\ud800-\udfff]", value))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with the value of each {name}."""
    return NAME.sub(lambda found: values.get(found[1], UNKNOWN), text)


def _send(url: str, call: Call, values: Mapping[str, str], timeout: float) -> Answer:
    raw = call.raw.encode() if call.raw is not None else None
    # An id must not change the path: what is filled in is quoted.
    path = filled(call.path, {name: quote(value, safe="") for name, value in values.items()})
    received_bytes = bytearray()

    def receive(chunk: bytes) -> bool:
        received_bytes.extend(chunk)
        return len(received_bytes) < MOST_BYTES

    sent = time.time()
    reply = request(
        url,
        path,
        method=call.method,
        query=[(name, filled(text, values)) for name, text in call.query],
        body=_filled(call.body, values),
        raw=raw,
        content_type=call.content_type,
        timeout=timeout,
        receive=receive,
    )
    received = time.time()
    location = reply.headers.get("location", "")
    body = _body(replace(reply, body=bytes(received_bytes[:MOST_BYTES])))
    return Answer(reply.status, body, sent, received, reply.problem, location)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, dict):
        return {name: _filled(one, values) for name, one in value.items()}
    return [_filled(one, values) for one in value] if isinstance(value, list) else value


def _body(reply: Reply) -> Any:
    """Return the body as JSON. If it is not, is not called so, or is nested too deep: that, and its type."""
    found = reply.json
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = (media_type == "application/json" or media_type.endswith("+json")) and found is not None
    if not reply.body:
        return None
    return found if is_json and _is_flat(found) else f"({media_type[:LONGEST_TYPE]}, {NOT_JSON})"


def _is_flat(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_DEEP):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return True
    return False
