"""Requests sent by threads of their own, and the moment at which each was answered."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.probes.client import Reply


@dataclass(slots=True)
class Pending:
    """A request under way; `reply` is there once it has been answered or given up."""

    send: Callable[[], Reply]
    reply: Reply | None = None
    failure: BaseException | None = None
    _done: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Pending":
        threading.Thread(target=self._run, daemon=True).start()
        return self

    @property
    def answered(self) -> bool:
        return self._done.is_set()

    def wait(self, timeout: float) -> bool:
        return self._done.wait(timeout)

    def result(self, timeout: float) -> Reply:
        """The reply; waits for it."""
        if not self._done.wait(timeout) or self.reply is None:
            raise self.failure or TimeoutError("a request outlived its own deadline")
        return self.reply

    def _run(self) -> None:
        try:
            self.reply = self.send()
        except BaseException as error:
            self.failure = error
        finally:
            self._done.set()


def send_together(sends: Sequence[Callable[[], Reply]], timeout: float = 60.0) -> tuple[Reply, ...]:
    """Send all at the same time; answers the replies in the same order."""
    barrier = threading.Barrier(len(sends))

    def together(send: Callable[[], Reply]) -> Callable[[], Reply]:
        def go() -> Reply:
            barrier.wait(timeout)
            return send()

        return go

    pending = [Pending(together(send)).start() for send in sends]
    return tuple(one.result(timeout) for one in pending)
