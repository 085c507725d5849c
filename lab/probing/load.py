"""Send requests from threads: one in the background, or several at the same moment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from lab.probing.bench import Service
from lab.probing.client import Reply, request

Send = Callable[[], Reply]


def send_in_background(send: Send) -> Future[Reply]:
    """Call `send` in a daemon thread. The future gets its reply or its exception."""
    future: Future[Reply] = Future()

    def run() -> None:
        try:
            future.set_result(send())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def send_together(sends: Sequence[Send], timeout: float = 60.0) -> tuple[Reply, ...]:
    """Call all of `sends` at the same moment, and return their replies in the same order.

    Raises:
        TimeoutError: a reply was not there `timeout` seconds after the reply before it.
        Exception: one of `sends` raised it.
    """
    barrier = threading.Barrier(len(sends))

    def send_at_barrier(send: Send) -> Reply:
        barrier.wait(timeout)
        return send()

    pending = [send_in_background(partial(send_at_barrier, send)) for send in sends]
    return tuple(one.result(timeout) for one in pending)


def warm_up(services: Sequence[Service], path: str, connections: int = 4) -> None:
    """Send each service so many GET requests at once, so that it opens its database connections before."""
    send_together([partial(request, one.url, path) for one in services for _ in range(connections)])
