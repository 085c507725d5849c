"""Run a service with waitress: several threads, a log on standard error, a clean stop on SIGTERM."""

import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import waitress  # type: ignore[import-untyped]
from flask import Flask

THREADS = 8
MOST_RECEIVED = 4 * 1024 * 1024
"""In bytes. A body up to this length is received and can be refused in JSON; waitress refuses longer ones."""

MOST_CONNECTIONS = 1000
"""Idle ones count too, so far fewer would let a few slow clients keep all others out."""

STOP_TIMEOUT = 5.0
"""Seconds that requests in progress have to finish after SIGTERM or SIGINT."""

READ_TIME = 0.03
"""Seconds after which a connection that was accepted before counts as one without a request."""

_LOG = logging.getLogger(__name__)


def serve(create_app: Callable[[], Flask], default_port: int) -> None:
    """Serve on HOST and PORT until SIGTERM or SIGINT.

    New connections are refused then, and requests in progress have STOP_TIMEOUT to finish.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    app = create_app()
    host = os.environ.get("HOST", "127.0.0.1")
    port = int(os.environ.get("PORT", default_port))
    server = waitress.create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        max_request_body_size=MOST_RECEIVED,
        connection_limit=MOST_CONNECTIONS,
        asyncore_use_poll=True,
    )
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        server.pull_trigger()  # wakes the loop

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    _LOG.info("%s listens on %s:%d", app.config["SERVICE"], host, port)
    while not received:
        _wait(server, 60.0)
    _LOG.info("stopping on %s", signal.Signals(received[0]).name)
    _finish(server)
    _LOG.info("%s has stopped", app.config["SERVICE"])


def _finish(server: Any) -> None:
    """Refuse new connections, and answer the requests of the others. `server.run` would cut some of them."""
    server.del_channel()
    for _ in range(server.adj.backlog):  # they are connected already, and would be reset
        known = len(server.active_channels)
        server.handle_accept()
        if len(server.active_channels) == known:
            break
    server.socket.close()
    stopped = time.monotonic()
    while (waited := time.monotonic() - stopped) < STOP_TIMEOUT:
        busy = any(one.requests or one.total_outbufs_len for one in server.active_channels.values())
        if waited > READ_TIME and not busy:
            break
        _wait(server, READ_TIME)
    server.task_dispatcher.shutdown(timeout=0)


def _wait(server: Any, timeout: float) -> None:
    """Wait at most `timeout` seconds until a connection or a response is ready, and handle it."""
    server.asyncore.loop(timeout=timeout, map=server._map, use_poll=server.adj.asyncore_use_poll, count=1)
