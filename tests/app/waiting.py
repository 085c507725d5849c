"""Wait for a condition, with a deadline."""

import time
from collections.abc import Callable

from lab.database import connect
from tests.conftest import Database

DEADLINE_SECONDS = 60.0
"""Only a limit: nothing waits longer than it must."""


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"after {DEADLINE_SECONDS:.0f} s: still waiting for {what}"
        time.sleep(0.01)


def until_blocked(database: Database, sessions: int) -> None:
    """Wait until this number of the database's sessions wait for a lock."""
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
