"""A migration that locks the application out of its database is told as such, and the judge gets in again."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg2
import pytest

from lab.database import connect
from lab.runtime.prepared import Prepared
from lab.shadow import leftovers
from lab.shadow.server import ShadowServer, start_server

LOCKS = {
    "ALTER ROLE lab PASSWORD 'x'": "password authentication failed",
    "ALTER DATABASE lab CONNECTION LIMIT 0": "too many connections",
    "REVOKE CONNECT ON DATABASE lab FROM PUBLIC, lab": "device_service may not connect",
    "REVOKE CONNECT ON DATABASE lab FROM PUBLIC": "device_service may not connect",
    "ALTER ROLE lab SET statement_timeout = 1": "statement timeout",
    "ALTER DATABASE lab SET default_transaction_read_only = on": "only be read",
}


@pytest.fixture(scope="module")
def server(small_server: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShadowServer]:
    reserved = leftovers.reserve(tmp_path_factory.mktemp("run"))
    try:
        yield start_server(small_server, reserved)
    finally:
        leftovers.remove(reserved)


def execute(url: str, sql: str) -> None:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


def test_what_changes_nothing_for_the_application_is_left_as_it_is(server: ShadowServer) -> None:
    execute(server.url, "ALTER ROLE lab SET statement_timeout = '10s'")
    assert server.regain() == ""
    with closing(connect(server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10s",)
    execute(server.url, "ALTER ROLE lab RESET statement_timeout")


@pytest.mark.parametrize("sql", LOCKS)
def test_who_is_locked_out_is_told_why_and_let_in_again(sql: str, server: ShadowServer) -> None:
    execute(server.url, sql)
    assert LOCKS[sql] in server.regain()
    assert server.regain() == ""
    for url in (server.url, server.monitor_url):
        execute(url, "CREATE TEMPORARY TABLE works (n int)")


def test_the_application_gets_its_rights_to_connect_back(server: ShadowServer) -> None:
    execute(server.url, "REVOKE CONNECT, TEMPORARY ON DATABASE lab FROM PUBLIC")
    assert server.regain()
    execute(server.account.role_url("lab", "device_service"), "CREATE TEMPORARY TABLE works (n int)")


def test_an_encoding_that_python_does_not_have_locks_nobody_out(server: ShadowServer) -> None:
    execute(server.url, "ALTER DATABASE lab SET client_encoding = 'EUC_TW'")
    assert server.regain() == ""
    execute(server.url, "ALTER DATABASE lab RESET client_encoding")


def test_a_function_of_the_owners_is_not_called(server: ShadowServer) -> None:
    body = "LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$"
    execute(server.url, f"CREATE FUNCTION public.pg_sleep(numeric) RETURNS void {body}")
    execute(server.url, f"CREATE FUNCTION public.pg_terminate_backend(int, int) RETURNS bool {body}")
    assert server.regain() == ""


def test_sessions_that_were_left_are_ended_with_their_locks(server: ShadowServer) -> None:
    with ExitStack() as left:
        for _ in range(20):
            left.enter_context(closing(connect(server.url)))
        holding = left.enter_context(closing(connect(server.url)))
        holding.autocommit = False
        holding.cursor().execute("ALTER ROLE lab SET work_mem = '8MB'")
        execute(server.account.url("lab"), "ALTER DATABASE lab CONNECTION LIMIT 0")
        assert "too many connections" in server.regain()
        execute(server.url, "SELECT 1")
        with pytest.raises(psycopg2.Error):
            holding.cursor().execute("SELECT 1")


def test_the_owner_reaches_no_other_database_of_a_shadow(server: ShadowServer) -> None:
    for other in ("template1", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(server.account.owner_url(other).replace("+psycopg2", ""))
