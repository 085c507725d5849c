"""A difference is found, shortened to the requests that it needs, and told once."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from lab.probing.contract.declared import Declared
from lab.probing.contract.player import NOT_SENT, saved
from lab.probing.contract.regressions import MOST, MOST_REFUSED, Compared, Comparison
from lab.probing.contract.script import Answer, Call, Script, Task, Transcript

Handle = Callable[[dict[str, Any], str], Any]


class Fake:
    """A system in memory: `handle` gets the state of the script's row and the path, and returns the body."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.rows: list[str] = []
        self.stopped = False

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        return [self._transcript(task) for task in tasks]

    def stop(self) -> None:
        self.stopped = True

    def _transcript(self, task: Task) -> Transcript:
        self.rows += task.rows.values()
        state: dict[str, Any] = {}
        return tuple(Answer(200, self._handle(state, call.path), 0, 1) for call in task.script.calls)


def counter(state: dict[str, Any], path: str) -> Any:
    """/up counts, anything else shows the count."""
    state["count"] = state.get("count", 0) + (path == "/up")
    return {} if path == "/up" else {"count": state["count"]}


def forgets_the_third(state: dict[str, Any], path: str) -> Any:
    found = counter(state, path)
    return {"count": min(found["count"], 2)} if "count" in found else found


def script(*paths: str, alone: bool = False) -> Script:
    calls = tuple(Call("service", f"GET {path}", path, query=(("of", "{row}"),)) for path in paths)
    return Script("script", calls, ("row",), alone)


def compare(handle: Handle, *scripts: Script) -> tuple[Compared, Fake]:
    candidate = Fake(handle)
    comparison = Comparison(Fake(counter), candidate, Declared(), map(str, range(400)))
    return comparison.compare(scripts), candidate


LONG = ("/up", "/other", "/show", "/up", "/other", "/show", "/up", "/show", "/up", "/show")


def test_no_difference_is_no_regression() -> None:
    found, _ = compare(counter, script(*LONG), script("/show"))
    assert found == Compared()


def test_a_difference_is_shortened_to_the_requests_that_it_needs() -> None:
    found, _ = compare(forgets_the_third, script(*LONG))
    (regression,) = found.regressions
    up, show = "GET /up?of={row}", "GET /show?of={row}"
    assert regression.requests == (up, up, up, show)
    assert str(regression) == f"{show}: count: expected 3, got 2"


def test_each_try_has_rows_that_no_other_has_used() -> None:
    _, candidate = compare(forgets_the_third, script(*LONG), script(*LONG))
    assert len(set(candidate.rows)) == len(candidate.rows) > 4


def test_one_kind_of_difference_is_told_once() -> None:
    found, _ = compare(forgets_the_third, script(*LONG), script(*LONG), script("/up", "/up", "/up", "/show"))
    assert len(found.regressions) == 1


def test_a_difference_that_does_not_come_again_is_counted_and_not_told() -> None:
    times = itertools.count()

    def once(state: dict[str, Any], path: str) -> Any:
        return {"count": 9} if path == "/show" and next(times) == 0 else counter(state, path)

    found, _ = compare(once, script("/up", "/show"))
    doubt = "GET /show?of={row}: count: expected 1, got 9"
    assert found == Compared((), f"not every difference came again (1 did not: {doubt})")


def test_a_script_that_is_alone_is_not_sent_again() -> None:
    found, candidate = compare(lambda state, path: {"count": 9}, script("/up", "/show", alone=True))
    assert [one.request for one in found.regressions] == ["GET /show?of={row}"]
    assert candidate.rows == ["0"]


def test_answers_that_differ_once_do_not_hide_one_that_always_does() -> None:
    seen: set[str] = set()

    def cheat(state: dict[str, Any], path: str) -> Any:
        if path.startswith("/once") and path not in seen:
            seen.add(path)
            return {"count": 9}
        return {"count": 8} if path == "/always" else counter(state, path)

    scripts = [script(f"/once{n}") for n in range(2 * MOST)]
    found, _ = compare(cheat, *scripts, script("/up", "/always"))
    assert [one.route for one in found.regressions] == ["GET /always"]
    doubt = "did not: for example GET /once"
    assert found.unsure.startswith(f"not every difference came again ({2 * MOST} {doubt}")


class Crowded(Fake):
    """Refuses /up as long as several other scripts are sent beside it."""

    status = 503

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        found = super().play(tasks)
        return found if len(tasks) < 3 else [self._failed(*pair) for pair in zip(tasks, found, strict=True)]

    def _failed(self, task: Task, transcript: Transcript) -> Transcript:
        return tuple(
            replace(answer, status=self.status, body=None) if call.path == "/up" else answer
            for call, answer in zip(task.script.calls, transcript, strict=True)
        )


def among_others(candidate: Fake, *scripts: Script) -> Compared:
    others = [script("/other")] * 3
    return Comparison(Fake(counter), candidate, Declared(), map(str, range(400))).compare([*scripts, *others])


@pytest.mark.parametrize("status", [409, 503])
def test_a_refusal_that_only_comes_beside_others_is_noted_and_no_regression(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crowded, "status", status)
    found = among_others(Crowded(counter), script("/up", "/show"), script("/show", "/up"))
    assert (found.regressions, found.unsure) == ((), "")
    assert found.notes == (
        "2 sequences of requests met an error while others were sent, and none when sent again alone: "
        f"GET /up?of={{row}} got {status}.",
    )


def test_what_differs_behind_a_refusal_that_is_gone_is_found() -> None:
    found = among_others(Crowded(forgets_the_third), script(*LONG))
    assert [one.route for one in found.regressions] == ["GET /show"]
    assert found.notes == ()


def test_a_refusal_that_comes_alone_too_is_a_regression() -> None:
    class Fails(Crowded):
        def play(self, tasks: Sequence[Task]) -> list[Transcript]:
            found = Fake.play(self, tasks)
            return [self._failed(*pair) for pair in zip(tasks, found, strict=True)]

    found = among_others(Fails(counter), script("/show", "/up", "/show"))
    assert [(one.request, one.actual) for one in found.regressions] == [("GET /up?of={row}", "503")]
    assert found.notes == ()


def test_a_refusal_that_comes_at_one_of_two_more_tries_is_not_forgiven() -> None:
    class Fails(Crowded):
        tries = 0

        def play(self, tasks: Sequence[Task]) -> list[Transcript]:
            self.tries += 1
            found = Fake.play(self, tasks)
            return (
                found if self.tries == 2 else [self._failed(*pair) for pair in zip(tasks, found, strict=True)]
            )

    found = among_others(Fails(counter), script("/show", "/up"))
    assert [(one.request, one.actual) for one in found.regressions] == [("GET /up?of={row}", "503")]


def test_a_refusal_of_a_script_that_is_alone_is_not_excused() -> None:
    class FailsOnce(Crowded):
        def play(self, tasks: Sequence[Task]) -> list[Transcript]:
            return super().play([*tasks] * 3)[: len(tasks)] if len(tasks) > 1 else super().play(tasks)

    found = among_others(FailsOnce(counter), script("/up", alone=True))
    assert (found.notes, found.regressions) == ((), ())
    assert "did not: GET /up?of={row}: expected 200, got 503" in found.unsure


def test_without_spare_rows_no_script_is_sent_again() -> None:
    candidate = Crowded(counter)
    comparison = Comparison(Fake(counter), candidate, Declared(), map(str, range(4)))
    found = comparison.compare([script("/up"), *[script("/other")] * 3])
    assert found.notes == ()
    assert [one.actual for one in found.regressions] == ["503"]


def test_what_the_reference_does_not_answer_again_is_not_said_to_have_passed() -> None:
    class SilentLater(Fake):
        def play(self, tasks: Sequence[Task]) -> list[Transcript]:
            found = super().play(tasks)
            if len(tasks) > 2:
                return found
            return [tuple(replace(one, status=None, problem="no answer") for one in each) for each in found]

    comparison = Comparison(SilentLater(counter), Crowded(counter), Declared(), map(str, range(400)))
    found = comparison.compare([script("/up"), *[script("/other")] * 3])
    assert found.notes == ()
    assert "the reference did not answer all requests" in found.unsure


def test_a_refusal_is_not_lost_when_requests_are_no_longer_sent() -> None:
    class Stops(Crowded):
        def play(self, tasks: Sequence[Task]) -> list[Transcript]:
            if len(tasks) > 2:
                return super().play(tasks)
            return [tuple(Answer(None, None, 0, 1, NOT_SENT) for _ in task.script.calls) for task in tasks]

    found = among_others(Stops(counter), script("/up"))
    assert found.notes == ()
    assert "GET /up?of={row}: expected 200, got 503" in found.unsure


def test_a_failed_request_of_a_script_that_is_alone_is_tried_again_with_the_same_values() -> None:
    class Keeps(Fake):
        """Gives an id, and fails at the request that has this id."""

        def _transcript(self, task: Task) -> Transcript:
            values, answers = dict(task.rows), []
            for call in task.script.calls:
                fails = self._handle({}, "") == "fails" and values.get("id") == "7" and "{id}" in call.path
                answers.append(Answer(500 if fails else 200, {"id": "7"} if call.saves else {}, 0, 1))
                values |= saved(call, answers[-1])
            return tuple(answers)

    make = Call("service", "POST /things", "/things", saves={"id": "id"})
    use = Call("service", "DELETE /things/{id}", "/things/{id}")
    reference, candidate = Keeps(lambda *_: "works"), Keeps(lambda *_: "fails")
    comparison = Comparison(reference, candidate, Declared(), ())
    found = comparison.compare([Script("alone", (make, use), alone=True)])
    assert [(one.route, one.actual) for one in found.regressions] == [("DELETE /things/{id}", "500")]


def test_a_refusal_in_very_many_scripts_is_not_forgiven() -> None:
    found = among_others(Crowded(counter), *[script("/up")] * (MOST_REFUSED + 1))
    assert (found.regressions, found.unsure) != ((), "")
    assert found.notes == ()


def test_when_the_spare_rows_run_out_a_difference_is_told_as_it_is() -> None:
    candidate = Fake(forgets_the_third)
    comparison = Comparison(Fake(counter), candidate, Declared(), map(str, range(4)))
    (found,) = comparison.compare([script(*LONG)]).regressions
    assert str(found).endswith("count: expected 3, got 2")


def test_what_the_reference_does_not_answer_is_no_regression() -> None:
    class Silent(Fake):
        def _transcript(self, task: Task) -> Transcript:
            return tuple(Answer(None, None, 0, 1, "no answer") for _ in task.script.calls)

    comparison = Comparison(Silent(counter), Fake(counter), Declared(), map(str, range(9)))
    assert comparison.compare([script("/up")]) == Compared(
        (), "the reference did not answer all requests: GET /up: no answer"
    )


def test_what_the_reference_answers_at_the_second_try_is_compared() -> None:
    class SilentOnce(Fake):
        def _transcript(self, task: Task) -> Transcript:
            answers = super()._transcript(task)
            is_first = len(self.rows) == 1
            return (
                tuple(replace(one, status=None, problem="no answer") for one in answers)
                if is_first
                else answers
            )

    for handle, expected in ((counter, []), (forgets_the_third, ["GET /show"])):
        comparison = Comparison(SilentOnce(counter), Fake(handle), Declared(), map(str, range(400)))
        found = comparison.compare([script(*LONG)])
        assert ([one.route for one in found.regressions], found.unsure) == (expected, "")


def test_requests_that_were_not_sent_are_not_taken_for_answered() -> None:
    class Stopped(Fake):
        def _transcript(self, task: Task) -> Transcript:
            return tuple(Answer(None, None, 0, 1, NOT_SENT) for _ in task.script.calls)

    comparison = Comparison(Fake(counter), Stopped(counter), Declared(), map(str, range(9)))
    assert comparison.compare([script("/up")]) == Compared((), "not all requests were sent")


def test_without_spare_rows_nothing_is_sent_again_to_the_reference() -> None:
    class Silent(Fake):
        def _transcript(self, task: Task) -> Transcript:
            return tuple(Answer(None, None, 0, 1, "no answer") for _ in task.script.calls)

    comparison = Comparison(Silent(counter), Fake(counter), Declared(), ["0"])
    assert "did not answer all requests" in comparison.compare([script("/up")]).unsure


def test_an_interrupted_comparison_stops_both_systems() -> None:
    class Interrupted(Fake):
        def play(self, tasks: Sequence[Task]) -> list[Transcript]:
            raise KeyboardInterrupt

    reference, candidate = Fake(counter), Interrupted(counter)
    comparison = Comparison(reference, candidate, Declared(), map(str, range(9)))
    with pytest.raises(KeyboardInterrupt):
        comparison.compare([script("/up")])
    assert (reference.stopped, candidate.stopped) == (True, True)


def test_what_is_not_printable_is_not_shown() -> None:
    found, _ = compare(lambda state, path: {"count": "\x1b[2J"}, script("/show"))
    assert "\x1b" not in str(found.regressions[0])


def test_a_service_that_hangs_is_reported_where_it_hung_and_nowhere_else() -> None:
    class Hangs(Fake):
        def _transcript(self, task: Task) -> Transcript:
            problem = NOT_SENT if self.stopped or task.script.name == "later" else "no complete response"
            self.stopped = True
            return tuple(Answer(None, None, 0, 1, problem) for _ in task.script.calls)

    later = Script("later", (Call("service", "GET /later", "/later"),))
    comparison = Comparison(Fake(counter), Hangs(counter), Declared(), map(str, range(99)))
    (found,) = comparison.compare([script("/show"), later]).regressions
    assert (found.route, found.actual) == ("GET /show", "no complete response")
