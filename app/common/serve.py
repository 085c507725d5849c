"""Run a service with waitress: several threads, a log on standard error, a clean stop on SIGTERM."""

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

import waitress  # type: ignore[import-untyped]
from flask import Flask

THREADS = 8
MOST_RECEIVED = 4 * 1024 * 1024
"""In bytes. A body up to this length is received and can be refused in JSON; waitress refuses longer ones."""

_LOG = logging.getLogger(__name__)


def serve(create_app: Callable[[], Flask], default_port: int) -> None:
    """Serve on HOST and PORT until SIGTERM or SIGINT.

    Requests in progress then have five seconds to finish: that is how long waitress waits for its threads.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    app = create_app()
    host = os.environ.get("HOST", "127.0.0.1")
    port = int(os.environ.get("PORT", default_port))
    server = waitress.create_server(
        app, host=host, port=port, threads=THREADS, max_request_body_size=MOST_RECEIVED
    )
    _LOG.info("%s listens on %s:%d", app.config["SERVICE"], host, port)
    server.run()
    _LOG.info("%s has stopped", app.config["SERVICE"])


def _stop(number: int, _frame: FrameType | None) -> None:
    for again in (signal.SIGTERM, signal.SIGINT):
        signal.signal(again, signal.SIG_IGN)
    _LOG.info("stopping on %s", signal.Signals(number).name)
    raise SystemExit(0)
