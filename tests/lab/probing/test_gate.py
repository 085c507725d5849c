"""The gates force overlaps, shown with plain SQL clients in place of a service's requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from functools import partial

import psycopg2
import pytest

from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.probing.client import Reply
from lab.probing.connection import open_connection
from lab.probing.gate import Gate, write_gate
from lab.probing.latch import latches
from lab.probing.read_gate import read_gate, without_indexes
from tests.conftest import Database
from tests.measuring import database_at

Client = Callable[[str], None]
MakeGate = Callable[[str, Sequence[str]], AbstractContextManager[Gate]]
DEVICE = "device-01"
TAKE = f"UPDATE devices SET status = 'busy' WHERE id = '{DEVICE}'"
BOOK = f"INSERT INTO bookings (device_id, workflow_id) VALUES ('{DEVICE}', 'x')"


PARTITIONS = """
ALTER TABLE {0} RENAME TO old_{0};
CREATE TABLE {0} (LIKE old_{0} INCLUDING DEFAULTS) PARTITION BY HASH ({1});
DO $$ BEGIN
    FOR n IN 0..69 LOOP
        EXECUTE format(
            'CREATE TABLE {0}_%s PARTITION OF {0} FOR VALUES WITH (MODULUS 70, REMAINDER %s)', n, n
        );
    END LOOP;
END $$;
INSERT INTO {0} SELECT * FROM old_{0};
GRANT SELECT, INSERT, UPDATE, DELETE ON {0} TO device_service
"""
"""More partitions than the server has connections, in two for each."""


class Lost(Exception):
    """A client found the device taken."""


def unlocked(url: str) -> None:
    _transaction(url, f"SELECT status FROM devices WHERE id = '{DEVICE}'")


def locked(url: str) -> None:
    _transaction(url, f"SELECT status FROM devices WHERE id = '{DEVICE}' FOR UPDATE")


def checked_afterwards(url: str) -> None:
    with closing(psycopg2.connect(DatabaseUrl.parse(url).libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(BOOK)
        cursor.execute(f"SELECT count(*) FROM bookings WHERE device_id = '{DEVICE}' AND released_at IS NULL")
        if cursor.fetchone() != (1,):
            raise Lost
        connection.commit()


def tried_after_reading(url: str) -> None:
    _transaction(
        url, f"SELECT status FROM devices WHERE id = '{DEVICE}'", "SELECT pg_try_advisory_xact_lock(1)"
    )


def _transaction(url: str, read: str, enter: str = "SELECT true") -> None:
    with closing(psycopg2.connect(DatabaseUrl.parse(url).libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(read)
        if cursor.fetchone() != ("available",):
            raise Lost
        cursor.execute(enter)
        if cursor.fetchone() != (True,):
            raise Lost
        cursor.execute(TAKE)
        cursor.execute(BOOK)
        connection.commit()


def as_request(client: Client, url: str) -> Reply:
    try:
        client(url)
    except Lost:
        return Reply("POST /x", 409, 0.0)
    return Reply("POST /x", 200, 0.0)


@pytest.fixture
def service_url(database: Database) -> str:
    return database.url_for("device-service")


@pytest.mark.parametrize(
    ("client", "winners"),
    [(unlocked, 4), (locked, 1), (checked_afterwards, 4)],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_clients_overlap_if_they_can(
    client: Client, winners: int, database: Database, service_url: str
) -> None:
    with write_gate(database.url, []) as gate:
        outcome = gate.pass_through([partial(as_request, client, service_url)] * 4)
    assert len(outcome.succeeded) == winners
    assert all(reply.ok or reply.refused for reply in outcome.replies)


@pytest.mark.parametrize(
    ("client", "winners"), [(unlocked, 2), (locked, 1)], ids=lambda v: getattr(v, "__name__", v)
)
@pytest.mark.parametrize("make", [write_gate, read_gate], ids=lambda v: v.__name__)
def test_clients_overlap_on_partitioned_tables_too(
    client: Client, winners: int, make: MakeGate, database: Database, service_url: str
) -> None:
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        for table, key in (("devices", "id"), ("bookings", "device_id")):
            cursor.execute(PARTITIONS.format(table, key))
        with make(database.url, []) as gate:
            outcome = gate.pass_through([partial(as_request, client, service_url)] * 2)
        assert len(outcome.succeeded) == winners
        assert all(reply.ok or reply.refused for reply in outcome.replies)
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'lab_gate'")
        assert cursor.fetchone() == (0,)


def test_no_write_is_visible_before_all_have_read(database: Database, service_url: str) -> None:
    seen: list[str] = []
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:

        def look() -> None:
            cursor.execute("SELECT status FROM devices WHERE id = %s", (DEVICE,))
            seen.append(str((cursor.fetchone() or ("",))[0]))

        with write_gate(database.url, []) as gate:
            gate.pass_through([partial(as_request, unlocked, service_url)] * 2, between=look)
    assert seen[0] == "available"
    assert len(seen) >= 3


def test_the_gate_leaves_no_lock_and_no_trigger(database: Database) -> None:
    with latches(database.url) as (tables, commit):
        for latch in (*tables, commit):
            latch.lock()
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'lab_gate'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SET lock_timeout = '2s'")
        cursor.execute(TAKE)
        cursor.execute("SELECT status FROM devices WHERE id = %s", (DEVICE,))
        assert cursor.fetchone() == ("busy",)


def test_reads_pass_the_gate(database: Database, service_url: str) -> None:
    with (
        latches(database.url) as (tables, commit),
        closing(psycopg2.connect(DatabaseUrl.parse(service_url).libpq)) as reader,
        reader.cursor() as cursor,
    ):
        for latch in (*tables, commit):
            latch.lock()
        cursor.execute("SET statement_timeout = '2s'")
        cursor.execute(f"SELECT id FROM devices WHERE id = '{DEVICE}' FOR UPDATE")
        assert cursor.fetchone() == (DEVICE,)


@pytest.mark.parametrize(
    ("client", "winners"),
    [(unlocked, 2), (locked, 1), (tried_after_reading, 2)],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_the_reader_goes_on_when_the_other_is_done(
    client: Client, winners: int, database: Database, service_url: str
) -> None:
    with read_gate(database.url, []) as gate:
        outcome = gate.pass_through([partial(as_request, client, service_url)] * 2)
    assert len(outcome.succeeded) == winners
    assert all(reply.ok or reply.refused for reply in outcome.replies)


def _unless_open(url: str) -> None:
    with closing(psycopg2.connect(DatabaseUrl.parse(url).libpq)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM bookings WHERE device_id = %s AND released_at IS NULL", (DEVICE,))
        if cursor.fetchone() is not None:
            raise Lost
        cursor.execute(BOOK)
        connection.commit()


@pytest.mark.parametrize("indexed", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_reader_that_finds_no_row_is_held(indexed: bool, database: Database, service_url: str) -> None:
    with open_connection(database_at(database.url)) as connection:
        others = "INSERT INTO bookings (device_id, workflow_id) SELECT 'device-02', generate_series(1, 5000)"
        connection.query(others)
        if indexed:
            connection.query("CREATE INDEX ON bookings (device_id)")
        connection.query("ANALYZE bookings")
        with without_indexes(connection, "device_service"), read_gate(database.url, []) as gate:
            outcome = gate.pass_through([partial(as_request, _unless_open, service_url)] * 2)
        assert len(outcome.succeeded) == 2, "the second saw the first one's booking"
        open_bookings = "SELECT count(*) FROM bookings WHERE device_id = %s AND released_at IS NULL"
        assert connection.value(open_bookings, DEVICE) == 2


def test_the_read_gate_leaves_no_policy(database: Database, service_url: str) -> None:
    with read_gate(database.url, []) as gate:
        gate.pass_through([partial(as_request, locked, service_url)])
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'lab_read'")
        assert cursor.fetchone() == (0,)
