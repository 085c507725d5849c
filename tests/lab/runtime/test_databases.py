"""Databases are made so that what is made in them belongs in public, whoever owns them."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from lab.database import connect
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


def where_a_table_goes(url: str) -> str:
    """The schema of a table that the owner makes beside a schema of their name."""
    ask(url, "CREATE SCHEMA IF NOT EXISTS lab AUTHORIZATION lab")
    ask(url, "CREATE TABLE made (id integer)")
    [(schema,)] = ask(url, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'made'")
    return str(schema)


def test_a_table_of_the_owner_goes_to_public_beside_a_schema_of_their_name(url: str) -> None:
    assert where_a_table_goes(url) == "public"


def test_so_it_does_in_a_copy(url: str, server: Server) -> None:
    copy = server.create(f"{NAME}_copy", NAME)
    try:
        assert where_a_table_goes(copy) == "public"
    finally:
        server.drop(f"{NAME}_copy")


def test_so_it_does_in_a_database_that_somebody_else_has_made(url: str) -> None:
    ask(url, f"ALTER DATABASE {NAME} RESET ALL")
    ask(url, ROLES.read_text())
    assert where_a_table_goes(url) == "public"


def test_the_owner_s_role_stays_as_it_is_on_the_rest_of_the_server(url: str, server: Server) -> None:
    ask(url, ROLES.read_text())
    assert ask(url, "SELECT rolconfig FROM pg_roles WHERE rolname = 'lab'") == [(None,)]
    elsewhere = server.url(MAINTENANCE)
    assert ask(elsewhere, "SHOW search_path") == [('"$user", public',)]
