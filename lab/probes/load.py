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

    def wait(self, patience: float) -> bool:
        return self._done.wait(patience)

    def result(self, patience: float) -> Reply:
        """The reply; waits for it."""
        if not self._done.wait(patience) or self.reply is None:
            raise self.failure or TimeoutError("a request outlived its own deadline")
        return self.reply

    def _run(self) -> None:
        try:
            self.reply = self.send()
        except BaseException as error:
            self.failure = error
        finally:
            self._done.set()


def at_once(sends: Sequence[Callable[[], Reply]], patience: float = 60.0) -> tuple[Reply, ...]:
    """Send all at the same time; answers the replies in the same order."""
    barrier = threading.Barrier(len(sends))

    def together(send: Callable[[], Reply]) -> Callable[[], Reply]:
        def go() -> Reply:
            barrier.wait(patience)
            return send()

        return go

    pending = [Pending(together(send)).start() for send in sends]
    return tuple(one.result(patience) for one in pending)
