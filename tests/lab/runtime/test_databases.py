"""The owner's tables are made in the schema public; a database is dropped also if another client does it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from lab.database import connect
from lab.runtime import databases
from lab.runtime.account import MAINTENANCE
from tests.conftest import PROJECT, Server

NAME = "test_search_path"
ROLES = PROJECT / "compose" / "initdb" / "roles.sql"


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    yield server.create(NAME)
    server.drop(NAME)


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def schema_of_a_new_table(url: str) -> str:
    """Return the schema of a table that the owner makes where a schema has the owner's name."""
    ask(url, "CREATE SCHEMA IF NOT EXISTS lab AUTHORIZATION lab")
    ask(url, "CREATE TABLE made (id integer)")
    [(schema,)] = ask(url, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'made'")
    return str(schema)


def test_tables_are_made_in_public_even_if_a_schema_has_the_owners_name(url: str) -> None:
    assert schema_of_a_new_table(url) == "public"


def test_tables_are_made_in_public_in_a_copy(url: str, server: Server) -> None:
    copy = server.create(f"{NAME}_copy", NAME)
    try:
        assert schema_of_a_new_table(copy) == "public"
    finally:
        server.drop(f"{NAME}_copy")


def test_tables_are_made_in_public_where_only_roles_sql_set_the_path(url: str) -> None:
    ask(url, f"ALTER DATABASE {NAME} RESET ALL")
    ask(url, ROLES.read_text())
    assert schema_of_a_new_table(url) == "public"


def test_the_owners_role_is_unchanged_on_the_rest_of_the_server(url: str, server: Server) -> None:
    ask(url, ROLES.read_text())
    assert ask(url, "SELECT rolconfig FROM pg_roles WHERE rolname = 'lab'") == [(None,)]
    elsewhere = server.url(MAINTENANCE)
    assert ask(elsewhere, "SHOW search_path") == [('"$user", public',)]


def test_a_database_that_another_client_drops_meanwhile_is_dropped(server: Server) -> None:
    server.create(NAME)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(server.drop, NAME) for _ in range(4)]
    assert [one.exception() for one in found] == [None] * 4
    assert not databases.exists(server.account, NAME)
