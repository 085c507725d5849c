"""Find what the code under test answers otherwise than the reference, and the shortest way to it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

from lab.probing.contract.declared import Declared, Difference, difference
from lab.probing.contract.normal import normal
from lab.probing.contract.player import NOT_SENT, names_in, saved
from lab.probing.contract.results import Regression
from lab.probing.contract.script import Call, Script, Task, Transcript
from lab.sentences import counted

MOST = 5
"""Regressions that are shortened and reported. Later ones often follow from the first."""

TRIES = 3
"""Scripts of which the difference of one kind is tried again, until it comes again."""

ROUNDS = 6
"""Rounds in which a script is shortened. Each tries to leave out every single request, side by side."""

AGAIN = 2
"""Times that a difference is tried once more, on fresh rows. One that never comes again is no regression."""

MOST_REFUSED = 10
"""Scripts with a refused request that are resent one at a time: one in 50. With more, none is excused."""

LONGEST = 160
"""Characters of a value in a sentence."""


class System(Protocol):
    """One of the two systems: see `Player.play`."""

    def play(self, tasks: Sequence[Task]) -> list[Transcript]: ...

    def stop(self) -> None:
        """Send no more requests: what is being played ends soon."""
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """The regressions. `unsure` says in a clause why not all could be decided; empty if all was.

    `notes` are for a person.
    """

    regressions: tuple[Regression, ...] = ()
    unsure: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """The first difference of a script, at the request with this place.

    `values` has those of the names that the request may use: of its rows and of earlier answers.
    """

    task: Task
    place: int
    difference: Difference
    values: Mapping[str, str]

    @property
    def call(self) -> Call:
        return self.task.script.calls[self.place]

    @property
    def kind(self) -> tuple[str, str, str]:
        """Differences of one kind are reported once. No answer is one kind, for whatever reason."""
        where = "".join(one for one in self.difference.where if not one.isdigit())
        actual = self.difference.actual
        status = str(actual) if isinstance(actual, int) else "no answer"
        return self.call.route, where, "" if self.difference.where else status

    @property
    def is_failure(self) -> bool:
        """Whether there was no answer, or a server error."""
        actual = self.difference.actual
        return not self.difference.where and (not isinstance(actual, int) or actual >= 500)

    @property
    def is_refusal(self) -> bool:
        """Whether the request got a server error, or another error and should have succeeded."""
        expected, actual = self.difference.expected, self.difference.actual
        statuses = not self.difference.where and isinstance(expected, int) and isinstance(actual, int)
        return statuses and (expected < 400 <= actual or expected < 500 <= actual)


class Comparison:
    """Compares two systems. `spare` has the ids of rows that no script has used."""

    def __init__(
        self, reference: System, candidate: System, declared: Declared, spare: Iterable[str]
    ) -> None:
        self._reference, self._candidate = reference, candidate
        self._declared, self._spare = declared, list(reversed(tuple(spare)))
        self._unanswered: list[tuple[Task, str]] = []

    def compare(
        self, scripts: Sequence[Script], on_found: Callable[[int], None] = lambda _: None
    ) -> Compared:
        """Send the scripts to both systems. Calls `on_found` with the number of differences, once known.

        Raises as the systems do.
        """
        kinds: dict[tuple[str, str, str], list[_Found]] = {}
        first = self._differences([self._task(script) for script in scripts])
        differences, notes = self._resend_refused(first)
        all_sent = True
        for found in [*differences, *self._resend_unanswered()]:
            if found.difference.actual == NOT_SENT:  # that follows from the requests without an answer
                all_sent = False
            else:
                kinds.setdefault(found.kind, []).append(found)
        if kinds:
            on_found(len(kinds))
        regressions: list[Regression] = []
        not_repeated: list[_Found] = []
        for same in sorted(kinds.values(), key=lambda same: len(same[0].task.script.calls)):
            if len(regressions) == MOST:
                break
            if confirmed := self._confirmed(same):
                regressions.append(_regression(confirmed))
            else:
                not_repeated.append(same[0])
        unsure = self._unsure(not_repeated)
        if not (all_sent or regressions or unsure):
            unsure = "not all requests were sent"
        return Compared(tuple(regressions), unsure, notes)

    def _resend_refused(self, found: list[_Found]) -> tuple[list[_Found], tuple[str, ...]]:
        """Resend each script with a refused request, one at a time, AGAIN times.

        Return the differences that remain, and a note on the scripts without one. Some right answers give up
        after many conflicts with other requests: serializable transactions may conflict although they have
        no row in common.
        """
        refused = [one for one in found if one.is_refusal and not one.task.script.alone]
        rows = AGAIN * sum(len(one.task.script.fresh) for one in refused)
        if not refused or len(refused) > MOST_REFUSED or rows > len(self._spare):
            return found, ()
        remaining = [one for one in found if not one.is_refusal or one.task.script.alone]
        passed: list[_Found] = []
        for one in refused:
            unanswered = len(self._unanswered)
            if any(other.kind == one.kind for other in remaining):  # it is no matter of chance
                remaining.append(one)
            elif again := self._again(one.task.script):
                remaining.append(one if again.difference.actual == NOT_SENT else again)
            elif len(self._unanswered) > unanswered:  # it was not compared
                remaining.append(one)
            else:
                passed.append(one)
        return remaining, (_note(passed),) if passed else ()

    def _again(self, script: Script) -> _Found | None:
        """Send the script AGAIN times, each time on fresh rows; return the first difference."""
        for _ in range(AGAIN):
            if found := self._differences([self._task(script)]):
                return found[0]
        return None

    def _resend_unanswered(self) -> list[_Found]:
        """Send again what the reference has not answered, on fresh rows; nothing if these are many."""
        again = [task.script for task, _ in self._unanswered if not task.script.alone]
        if len(again) > TRIES or sum(len(script.fresh) for script in again) > len(self._spare):
            return []
        self._unanswered = [one for one in self._unanswered if one[0].script.alone]
        return self._differences([self._task(script) for script in again]) if again else []

    def _unsure(self, not_repeated: Sequence[_Found]) -> str:
        if self._unanswered:
            _, why = self._unanswered[0]
            return f"the reference did not answer all requests: {why}"
        if not not_repeated:
            return ""
        example = f"{'for example ' if len(not_repeated) > 1 else ''}{_regression(not_repeated[0])}"
        return f"not every difference came again ({len(not_repeated)} did not: {example})"

    def _task(self, script: Script) -> Task:
        """Return the script with spare rows for those of its names that it uses."""
        used = {name for call in script.calls for name in names_in(call)}
        return Task(script, {name: self._spare.pop() for name in script.fresh if name in used})

    def _differences(self, tasks: Sequence[Task]) -> list[_Found]:
        """Return the first difference of each script that has one."""
        sides = (self._reference, self._candidate)
        with ThreadPoolExecutor(len(sides)) as both:
            try:
                expected, actual = both.map(lambda side: side.play(tasks), sides)
            except BaseException:
                for side in sides:
                    side.stop()
                raise
        found = (self._first(*three) for three in zip(tasks, expected, actual, strict=True))
        return [one for one in found if one is not None]

    def _first(self, task: Task, expected: Transcript, actual: Transcript) -> _Found | None:
        pairs = zip(task.script.calls, normal(task, expected), normal(task, actual), strict=True)
        for place, (call, one, other) in enumerate(pairs):
            if one.problem:
                self._unanswered.append((task, f"{call.route}: {one.problem}"))
                return None
            if found := difference(call, one, other, self._declared):
                values = dict(task.rows)
                for earlier, answer in zip(task.script.calls[:place], actual, strict=False):
                    values |= saved(earlier, answer)
                return _Found(task, place, found, values)
        return None

    def _confirmed(self, same: Sequence[_Found]) -> _Found | None:
        """Return one of these differences that came again, as short as possible; None if none did."""
        for found in same[:TRIES]:
            if found.task.script.alone:
                if not found.is_failure or self._fails_again(found):
                    return found
            elif (shortest := self._shortened(found)) is not None:
                return shortest
        return None

    def _fails_again(self, found: _Found) -> bool:
        """Whether the request, which got no answer or a server error, gets one again."""
        ((answer,),) = self._candidate.play([Task(Script("again", (found.call,)), found.values)])
        return answer.status is None or answer.status >= 500

    def _shortened(self, found: _Found) -> _Found | None:
        """Return the difference with as few requests before it as possible; None if it never comes again."""
        last, script = found.call, found.task.script
        before: Sequence[Call] = script.calls[: found.place]
        tries = [before] * AGAIN
        shortest: _Found | None = None
        for _ in range(ROUNDS):
            if len(tries) * len(script.fresh) > len(self._spare):
                return shortest or found
            tasks = [self._task(replace(script, calls=(*calls, last))) for calls in tries]
            same = [one for one in self._differences(tasks) if one.kind == found.kind and one.call is last]
            if not same:
                break
            if any(one.difference.actual == NOT_SENT for one in same):
                return shortest or found
            shortest = min(same, key=lambda one: len(one.task.script.calls))
            before = shortest.task.script.calls[: shortest.place]
            tries = [[*before[:out], *before[out + 1 :]] for out in range(len(before))]
            if len(before) > 2:
                tries.append(before[len(before) // 2 :])
            if not tries:
                break
        return shortest


def _note(passed: Sequence[_Found]) -> str:
    first = _regression(passed[0])
    return (
        f"{counted(len(passed), 'sequence')} of requests met an error while others were sent, and none when "
        f"sent again alone: {first.request} got {first.actual}."
    )


def _regression(found: _Found) -> Regression:
    calls = found.task.script.calls[: found.place + 1]
    shown = tuple(map(_shown, calls))
    expected, actual = found.difference.expected, found.difference.actual
    return Regression(
        found.call.route, shown[-1], found.difference.where, _value(expected), _value(actual), shown
    )


def _shown(call: Call) -> str:
    """Return the request as a person would write it; names of rows stay names."""
    query = "&".join(f"{name}={value}" for name, value in call.query)
    body = "" if call.body is None else f" {json.dumps(call.body)}"
    raw = "" if call.raw is None else f" {call.raw}"
    text = f"{call.method} {call.path}{'?' if query else ''}{query}{body}{raw}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _value(value: Any) -> str:
    # What is not printable could change what the terminal shows.
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
