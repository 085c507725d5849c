"""A bundle is sent once more if its worker was lost, and never because of what a worker said of it."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Event, Thread
from typing import Any

import pytest

from lab import __version__
from lab.batch.child import Interrupted
from lab.batch.sender import ConnectionLost, Sender
from lab.batch.task import NotGraded
from lab.batch.workers import Workers


class Lost(Exception):
    """A worker was lost."""


class Standin(Executor):
    """Ends what it is given as the next outcome says: a result, an error, or None to leave it running."""

    def __init__(self, *outcomes: bytes | BaseException | None) -> None:
        self.outcomes = list(outcomes)
        self.given: list[tuple[Any, ...]] = []
        self.futures: list[Future[Any]] = []
        self.begun = Event()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.given.append(args)
        future: Future[Any] = Future()
        self.futures.append(future)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        elif outcome is not None:
            future.set_result(outcome)
        self.begun.set()
        return future


def sender(executor: Executor) -> Sender:
    return Sender(Workers(executor, lambda *_: b"", 1, (Lost,)), 9.0, Event())


def test_a_worker_gets_the_bundle_the_version_and_the_seconds() -> None:
    executor = Standin(b"result")
    assert sender(executor).send(b"bundle") == b"result"
    assert executor.given == [(b"bundle", __version__, 9.0)]


@pytest.mark.parametrize("lost", [Lost(), Interrupted("It shuts down.")])
def test_a_bundle_whose_worker_was_lost_is_sent_once_more(lost: Exception) -> None:
    executor = Standin(lost, b"result")
    assert sender(executor).send(b"bundle") == b"result"
    assert len(executor.given) == 2


def test_a_bundle_that_lost_two_workers_is_not_sent_to_a_third() -> None:
    executor = Standin(Lost(), Lost(), b"result")
    with pytest.raises(NotGraded, match="2 workers were lost"):
        sender(executor).send(b"bundle")
    assert executor.outcomes == [b"result"]


@pytest.mark.parametrize("error", [NotGraded("No disk."), ModuleNotFoundError("No module named lab")])
def test_what_a_worker_fails_with_is_told_and_not_tried_again(error: Exception) -> None:
    executor = Standin(error, b"result")
    with pytest.raises(NotGraded, match=str(error)):
        sender(executor).send(b"bundle")
    assert len(executor.given) == 1


def test_what_the_executor_gives_up_ends_the_batch() -> None:
    executor = Standin(None)
    found = sender(executor)
    waiting = _Waiting(found, executor)
    executor.futures[0].cancel()
    executor.futures[0].set_running_or_notify_cancel()
    assert isinstance(waiting.error(), ConnectionLost)


def test_cancel_ends_what_waits_and_nothing_more_is_sent() -> None:
    executor = Standin(None)
    found = sender(executor)
    waiting = _Waiting(found, executor)
    found.cancel()
    assert isinstance(waiting.error(), Interrupted)
    with pytest.raises(Interrupted):
        found.send(b"another")
    assert len(executor.given) == 1


class _Waiting:
    """A thread that sends a bundle and waits for its result; the bundle is with the executor."""

    def __init__(self, found: Sender, executor: Standin) -> None:
        self._error: BaseException | None = None
        self._thread = Thread(target=self._send, args=(found,))
        self._thread.start()
        assert executor.begun.wait(10)

    def _send(self, found: Sender) -> None:
        try:
            found.send(b"bundle")
        except BaseException as error:
            self._error = error

    def error(self) -> BaseException | None:
        self._thread.join(10)
        return self._error
