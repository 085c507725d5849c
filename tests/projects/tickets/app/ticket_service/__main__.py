"""`python -m app.ticket_service`: serve on HOST and PORT until SIGTERM or SIGINT."""

import os
import signal

import waitress

from app.ticket_service import create_app


def _stop(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    host = os.environ.get("HOST", "127.0.0.1")
    waitress.serve(create_app(), host=host, port=int(os.environ["PORT"]), threads=8)
