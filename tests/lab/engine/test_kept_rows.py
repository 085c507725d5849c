"""Rows that a migration moves or writes in another type are kept; rows and values that are gone are named."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pytest

from lab.database import connect
from lab.engine.kept_rows import DatabaseRows, lost
from lab.runtime import databases
from tests.conftest import Database, Server

KEPT = {
    "nothing": "",
    "rows are added": "INSERT INTO devices (id, name, type) VALUES ('new', 'New', 'reader')",
    "a column is added": "ALTER TABLE devices ADD version integer NOT NULL DEFAULT 0",
    "another type of the same value": """
        ALTER TABLE execution_logs ALTER started_at TYPE timestamptz USING started_at AT TIME ZONE 'UTC';
        ALTER TABLE execution_logs ALTER id TYPE bigint;
        ALTER TABLE samples ALTER volume_ul TYPE numeric;
        ALTER TABLE devices ALTER name TYPE text""",
    "a view in place of the table": """
        ALTER TABLE samples RENAME TO samples_2; CREATE VIEW samples AS SELECT * FROM samples_2""",
    "partitions": """
        CREATE TABLE parts (LIKE execution_logs) PARTITION BY RANGE (started_at);
        CREATE TABLE early PARTITION OF parts FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
        CREATE TABLE late PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
        INSERT INTO parts SELECT * FROM execution_logs;
        DROP TABLE execution_logs; ALTER TABLE parts RENAME TO execution_logs""",
    "old rows in an archive": """
        CREATE TABLE archive (LIKE execution_logs);
        WITH old AS (DELETE FROM execution_logs WHERE started_at < '2025-01-01' RETURNING *)
        INSERT INTO archive SELECT * FROM old""",
    "a column in a table of its own": """
        CREATE TABLE messages AS SELECT id, message FROM execution_logs;
        ALTER TABLE execution_logs DROP message""",
    "a column by another name": "ALTER TABLE samples RENAME barcode TO code",
}
LOST = {
    "rows are deleted": ("DELETE FROM execution_logs WHERE id <= 3", "execution_logs", "3 of"),
    "a table is dropped": ("DROP TABLE execution_logs", "execution_logs", "rows are gone"),
    "a column is dropped": ("ALTER TABLE samples DROP volume_ul", "samples.volume_ul", "gone"),
    "moments are cut": (
        "ALTER TABLE workflows ALTER created_at TYPE date",
        "workflows.created_at",
        "changed",
    ),
    "keys are changed": ("UPDATE samples SET id = id + 100000 WHERE id = 1", "samples", "1 of"),
    "a value is changed": ("UPDATE devices SET status = 'offline'", "devices.status", "changed"),
    "texts are cut": ("UPDATE samples SET barcode = left(barcode, 4) || id", "samples.barcode", "changed"),
    "an archive without some rows": (
        """CREATE TABLE archive (LIKE execution_logs);
           WITH old AS (DELETE FROM execution_logs WHERE id <= 10 RETURNING *)
           INSERT INTO archive SELECT * FROM old WHERE id > 1""",
        "execution_logs",
        "1 of",
    ),
}


@pytest.fixture(scope="module")
def shipped(server: Server, template: str) -> Iterator[DatabaseRows]:
    """The rows before any change."""
    name = "kept_shipped"
    databases.create(server.account, name, template=template)
    yield DatabaseRows(server.url(name))
    databases.drop(server.account, name)


def found(shipped: DatabaseRows, database: Database, change: str) -> list[tuple[str, str]]:
    """What is lost by this change of a copy, seen from an unchanged one."""
    migrated = DatabaseRows(database.url)
    before = migrated.relations()
    if change:
        with closing(connect(database.url)) as connection, connection.cursor() as cursor:
            if "samples SET id" in change:
                cursor.execute(
                    "ALTER TABLE workflow_samples DROP CONSTRAINT fk_workflow_samples_sample_id_samples"
                )
            cursor.execute(change)
    return list(lost(before, shipped, DatabaseRows(database.url)))


@pytest.mark.parametrize("change", KEPT.values(), ids=KEPT)
def test_what_is_still_there_is_kept(shipped: DatabaseRows, database: Database, change: str) -> None:
    assert found(shipped, database, change) == []


@pytest.mark.parametrize(("change", "place", "words"), LOST.values(), ids=LOST)
def test_what_is_gone_is_named(
    shipped: DatabaseRows, database: Database, change: str, place: str, words: str
) -> None:
    ((where, what),) = found(shipped, database, change)
    assert where == place
    assert words in what


def test_a_table_that_was_not_shipped_is_not_compared(shipped: DatabaseRows, database: Database) -> None:
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE own AS SELECT 1 AS id")
    rows = DatabaseRows(database.url)
    assert list(lost(rows.relations(), shipped, rows)) == []


@dataclass(frozen=True)
class Kept:
    """Tables in memory, each with its columns' values."""

    tables: dict[str, dict[str, list[object]]]

    def relations(self) -> dict[str, dict[str, str]]:
        return {name: dict.fromkeys(columns, "S") for name, columns in self.tables.items()}

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        return [hash(row) for row in zip(*(self.tables[relation][name] for name in columns), strict=True)]

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        found = self.hashes(relation, columns)
        return len(found), str(sum(found))


def test_values_that_stand_in_another_column_by_chance_are_gone_and_those_that_were_moved_are_not() -> None:
    table: dict[str, list[object]] = {"id": [1, 2], "x": ["a", "b"], "y": ["a", "b"]}
    before = Kept({"public.t": table})
    without = {name: table[name] for name in ("id", "x")}
    for after, expected in (
        ({"public.t": without}, ["t.y"]),
        ({"public.t": {**without, "z": ["a", "b"]}}, []),
        ({"public.t": {**without, "z": ["a", "c"]}}, ["t.y"]),
        ({"public.t": without, "public.values": {"y": ["b", "a"]}}, []),
        ({"public.t": {"id": [1], "x": ["a"], "y": ["a"]}}, ["t"]),
        ({}, ["t"]),
    ):
        found = lost(before.relations(), before, Kept(after))
        assert [place for place, _ in found] == expected
