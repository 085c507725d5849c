"""Shipped code reads, changes and adds rows of the shipped columns. What the new schema refuses is told."""

from contextlib import closing
from typing import Any

import pytest

from lab.database import connect
from lab.engine.catalogue import catalogue
from lab.review.old_code import Broken, broken
from tests.conftest import Database


def execute(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def found(database: Database, *statements: str) -> list[Broken]:
    shipped = catalogue(database.url)
    for one in statements:
        execute(database, one)
    return list(broken(database.url, shipped))


def test_what_adds_to_the_schema_breaks_nothing_and_no_row_of_the_test_stays(database: Database) -> None:
    count = execute(database, "SELECT count(*) FROM bookings")
    unique = "CREATE UNIQUE INDEX ON bookings (id, device_id)"
    assert found(database, "ALTER TABLE bookings ADD note text", unique) == []
    assert execute(database, "SELECT count(*) FROM bookings") == count


@pytest.mark.parametrize(
    ("statement", "verb", "name"),
    [
        ("ALTER TABLE bookings DROP released_at", "read", "released_at"),
        ("ALTER TABLE bookings RENAME TO reservations", "read", "bookings"),
        ("ALTER TABLE bookings ADD CONSTRAINT ck CHECK (id < 0) NOT VALID", "change", "ck"),
        (
            "ALTER TABLE bookings ADD n int DEFAULT 1 NOT NULL;ALTER TABLE bookings ALTER n DROP DEFAULT",
            "add",
            "n",
        ),
    ],
)
def test_what_shipped_code_cannot_do_any_more_is_told_with_the_names_in_the_reason(
    database: Database, statement: str, verb: str, name: str
) -> None:
    (one,) = found(database, statement)
    assert (one.table, one.verb) == ("bookings", verb)
    assert name in one.names


def test_a_view_that_can_be_written_to_stands_for_the_table(database: Database) -> None:
    renamed = (
        "ALTER TABLE bookings RENAME TO reservations; CREATE VIEW bookings AS SELECT * FROM reservations"
    )
    assert found(database, renamed) == []
