"""Waiting for what a test has set in motion, with a deadline."""

import time
from collections.abc import Callable

from lab.database import connect
from tests.conftest import Database

DEADLINE_SECONDS = 10.0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS:.0f} s in vain for {what}"
        time.sleep(0.01)


def until_blocked(database: Database, sessions: int) -> None:
    """Until so many of the database's sessions wait for a lock that another one holds."""
    connection = connect(database.url)
    try:
        with connection.cursor() as cursor:

            def blocked() -> bool:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                return cursor.fetchone() == (sessions,)

            until(blocked, f"{sessions} session(s) to be blocked")
    finally:
        connection.close()
