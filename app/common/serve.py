"""Run a service with waitress: several threads, a log on standard error, a clean stop on SIGTERM."""

import contextlib
import ctypes
import logging
import os
import select
import signal
import socket
import struct
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

FIRST_REQUEST_TIMEOUT = 2.0
"""Seconds that a client which has connected by then has to send its request."""

LOOK_AGAIN = 0.25
"""Seconds until the connections are looked at again if nothing comes from them."""

HANDSHAKE_TIME = 0.01
"""Seconds, far more than the last packet of a handshake takes on a loopback device."""

SO_ATTACH_FILTER = 26
DROP_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""Load the flags of the TCP header; if SYN is among them, take nothing of the packet, else all (bpf(4))."""

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
        _wait(server, 1.0)  # not longer: a signal just before the wait does not end it
    _LOG.info("stopping on %s", signal.Signals(received[0]).name)
    _finish(server)
    _LOG.info("%s has stopped", app.config["SERVICE"])


def _finish(server: Any) -> None:
    """Refuse new connections, and answer the requests of the others. `server.run` would cut some of them."""
    server.del_channel()
    _accept_last(server)
    server.socket.close()
    stopped = time.monotonic()
    waited, pause = 0.0, 0.0
    while waited < STOP_TIMEOUT:
        _wait(server, pause)  # what was sent by then is read, however late this runs
        if not any(_is_awaited(one, waited) for one in server.active_channels.values()):
            break
        waited, pause = time.monotonic() - stopped, LOOK_AGAIN
    server.task_dispatcher.shutdown(timeout=0)


def _accept_last(server: Any) -> None:
    """Accept all that are connected: closing the socket would reset them.

    No others may come in the meantime, so the kernel drops what would open them; their clients try again
    after a second, and are refused then or meet the next process.
    """
    with contextlib.suppress(OSError):  # not on Linux: some may be reset
        filters = b"".join(struct.pack("HBBI", *one) for one in DROP_SYN)
        kept = ctypes.create_string_buffer(filters)
        program = struct.pack("HP", len(DROP_SYN), ctypes.addressof(kept))
        server.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        time.sleep(HANDSHAKE_TIME)
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    for _ in range(server.adj.backlog):
        if not waiting.poll(0):
            break
        server.handle_accept()


def _is_awaited(channel: Any, waited: float) -> bool:
    """Whether the connection has a request to answer or, so soon, may be about to send its first."""
    if channel.requests or channel.total_outbufs_len:
        return True
    is_new = channel.last_activity == channel.creation_time  # nothing was received
    return waited < FIRST_REQUEST_TIMEOUT and (is_new or channel.request is not None)


def _wait(server: Any, timeout: float) -> None:
    """Wait at most `timeout` seconds until a connection or a response is ready, and handle it."""
    server.asyncore.loop(timeout=timeout, map=server._map, use_poll=server.adj.asyncore_use_poll, count=1)
