"""The shipped settings of the server have their effect."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

from lab import compose
from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.runtime.database_service import server_settings
from tests.conftest import PROJECT, Database

INTERVAL = "client_connection_check_interval"
DEADLINE = 20.0
FOREVER = """
import psycopg2, sys
cursor = psycopg2.connect(sys.argv[1], application_name="abandoned", options=sys.argv[2]).cursor()
cursor.execute("SELECT count(*) FROM generate_series(1, 10000000000)")
"""
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'abandoned' AND state = 'active'"


def test_a_statement_ends_soon_after_its_client_was_killed(database: Database) -> None:
    shipped = server_settings(compose.read(PROJECT / "compose" / "docker-compose.yml", {}), major=18)
    options = f"-c {INTERVAL}={shipped[INTERVAL]}"
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:

        def wait_for(count: int) -> None:
            deadline = time.monotonic() + DEADLINE
            while True:
                cursor.execute(RUNNING)
                if cursor.fetchone() == (count,):
                    return
                assert time.monotonic() < deadline, f"{count} statements did not run within the deadline"
                time.sleep(0.02)

        client = subprocess.Popen(
            [sys.executable, "-c", FOREVER, DatabaseUrl.parse(database.url).libpq, options]
        )
        try:
            wait_for(1)
        finally:
            os.kill(client.pid, signal.SIGKILL)
            client.wait()
        wait_for(0)
