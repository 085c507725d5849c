"""A table has the blocks of what holds its rows: itself, its partitions, or the tables behind a view."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from lab.database import connect
from lab.probing.connection import ProbeConnection, open_connection
from lab.probing.tables import read_table
from tests.conftest import Database
from tests.measuring import database_at

ROWS = """
INSERT INTO parts_of_logs
SELECT timestamp '2024-12-01' + n * interval '1 min', repeat('x', 200) FROM generate_series(1, 90000) AS n
"""
PARTITIONED = """
CREATE TABLE parts_of_logs (started_at timestamp, message text) PARTITION BY RANGE (started_at);
CREATE TABLE parts_2024 PARTITION OF parts_of_logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parts_2025 PARTITION OF parts_of_logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY RANGE (started_at);
CREATE TABLE parts_2025_01 PARTITION OF parts_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE parts_2025_02 PARTITION OF parts_2025 FOR VALUES FROM ('2025-02-01') TO ('2026-01-01')
"""


@pytest.fixture
def connection(database: Database) -> Iterator[ProbeConnection]:
    with open_connection(database_at(database.url)) as opened:
        yield opened


def blocks(database: Database, table: str) -> int:
    with closing(connect(database.url)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass) / 8192", [table])
        (size,) = cursor.fetchone() or (0,)
    return int(size)


def test_a_plain_table_is_its_only_part(connection: ProbeConnection, database: Database) -> None:
    table = read_table(connection, "execution_logs")
    assert table.parts == {"execution_logs": blocks(database, "execution_logs")}
    assert table.blocks > 0


def test_a_partitioned_table_has_the_blocks_of_its_partitions(
    connection: ProbeConnection, database: Database
) -> None:
    connection.query(PARTITIONED)
    connection.query(ROWS)
    table = read_table(connection, "parts_of_logs")
    leaves = ("parts_2024", "parts_2025_01", "parts_2025_02")
    assert table.parts == {name: blocks(database, name) for name in leaves}
    assert table.blocks == sum(table.parts.values()) > 2000


def test_a_view_has_the_blocks_of_its_tables(connection: ProbeConnection, database: Database) -> None:
    connection.query("CREATE VIEW all_logs AS SELECT * FROM (SELECT * FROM execution_logs) AS logs")
    assert read_table(connection, "all_logs").parts == read_table(connection, "execution_logs").parts


def test_a_table_that_is_not_there_has_no_part(connection: ProbeConnection) -> None:
    assert read_table(connection, "no_such_table").blocks == 0
