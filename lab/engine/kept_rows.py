"""Ask whether the migrations of the code under test kept the rows: keys and values, wherever they are now.

Values are compared as hashes of a canonical text, so that another type of the same value is no difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from lab.database import connect

TIMEOUT = "60s"
MOST_ROWS = 5_000_000
"""Rows of a table that are read: a view may have any number."""

RELATIONS = """
SELECT n.nspname || '.' || c.relname, a.attname, t.typcategory::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'lab') AND n.nspname NOT LIKE 'pg\\_%'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1, a.attnum
"""
TIME, NUMBER = "D", "N"
"""Categories of types: https://www.postgresql.org/docs/current/catalog-pg-type.html"""

Relations = Mapping[str, Mapping[str, str]]
"""Of each table and view the category of each column's type, by its name with the schema."""


class Rows(Protocol):
    """The rows of one database."""

    def relations(self) -> Relations: ...

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        """Return the number of rows, and a sum of their hashes over these columns."""
        ...

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        """Return the hash of each row over these columns."""
        ...


@dataclass(frozen=True)
class DatabaseRows:
    """The rows of the database at this URL, read over one connection.

    Every method raises psycopg2.Error if they cannot be read, the first one DatabaseUnreachable.
    """

    url: str

    @cached_property
    def _connection(self) -> Connection:
        return connect(self.url)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "_connection" in self.__dict__:
            self._connection.close()

    def relations(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        with self._connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{TIMEOUT}'; SET search_path = pg_catalog")
            cursor.execute(RELATIONS)
            for relation, column, category in cursor.fetchall():
                found.setdefault(relation, {})[column] = category
        return found

    @cached_property
    def _types(self) -> Relations:
        return self.relations()

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        ((count, total),) = self._read(
            "SELECT count(*), coalesce(sum(({})::numeric), 0)::text", relation, columns
        )
        return count, total

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        found = self._read("SELECT ({})", relation, columns, f" LIMIT {MOST_ROWS}")
        return [one for (one,) in found]

    def _read(
        self, select: str, relation: str, columns: Sequence[str], end: str = ""
    ) -> list[tuple[Any, ...]]:
        types = self._types[relation]
        texts = sql.SQL(", ").join(_canonical(name, types[name]) for name in columns)
        row = sql.SQL("hashtextextended(ROW({})::text, 0)").format(texts)
        table = sql.Identifier(*relation.split(".", 1))
        with self._connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{TIMEOUT}'; SET timezone = 'UTC'")
            cursor.execute(
                "SET search_path = pg_catalog"
            )  # a migration may have made functions of these names
            cursor.execute(sql.SQL(f"{select} FROM {{}}{end}").format(row, table))
            return cursor.fetchall()


def _canonical(column: str, category: str) -> sql.Composable:
    name = sql.Identifier(column)
    if category == TIME:
        return sql.SQL("extract(epoch FROM {})::text").format(name)
    if category == NUMBER:
        return sql.SQL("trim_scale({}::numeric)::text").format(name)
    return sql.SQL("{}::text").format(name)


def lost(before: Relations, shipped: Rows, migrated: Rows) -> Iterator[tuple[str, str]]:
    """Yield each table or column that lost rows or values, and a clause that says what is gone.

    `before` has the tables as they were before the migrations, `shipped` their rows. Raises psycopg2.Error: a
    database cannot be read.
    """
    now, known = migrated.relations(), shipped.relations()
    for relation, types in before.items():
        # A fix that is applied, but was not measured, may have tables that the reference lacks.
        columns = [name for name in types if name in known.get(relation, {})]
        if relation.endswith(".alembic_version") or not columns:
            continue
        if _same(shipped, migrated, now, relation, columns):
            continue
        new = {place: types for place, types in now.items() if place not in before}
        yield from _lost_of(shipped, migrated, now, new, relation, columns)


def _has(relations: Relations, relation: str, columns: Sequence[str]) -> bool:
    return relation in relations and set(columns) <= set(relations[relation])


def _same(shipped: Rows, migrated: Rows, now: Relations, relation: str, columns: Sequence[str]) -> bool:
    """Whether the relation has these columns, and the same rows over them. No row leaves the server."""
    if not _has(now, relation, columns):
        return False
    return shipped.total(relation, columns) == migrated.total(relation, columns)


def _lost_of(
    shipped: Rows, migrated: Rows, now: Relations, new: Relations, relation: str, columns: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Look for whole rows in every table, then for each value with its key. `new` has the new tables."""
    table, key = relation.partition(".")[2], columns[0]
    if set(shipped.hashes(relation, columns)) <= _anywhere(migrated, now, columns):
        return
    gone = {}
    for column in columns[1:]:
        if _same(shipped, migrated, now, relation, [key, column]):
            continue
        pairs = set(shipped.hashes(relation, [key, column]))
        lacking = pairs - _anywhere(migrated, now, [key, column])
        if lacking and not _moved(migrated, now, new, key, lacking, shipped.hashes(relation, [column])):
            gone[column] = len(lacking)
    keys = set(shipped.hashes(relation, [key]))
    kept = set(migrated.hashes(relation, [key])) if _has(now, relation, [key]) else set()
    # By chance, another table may have the same id with the same value.
    if 2 * len(gone) > len(columns) - 1 and not keys <= kept:
        yield table, f"{max(gone.values()):,} of {len(keys):,} rows are gone"
        return
    if not gone and _has(now, relation, columns):
        yield table, "the values of some rows do not belong together any more"
    for column, count in gone.items():
        yield f"{table}.{column}", f"{count:,} of {len(keys):,} values have changed or are gone"


def _anywhere(rows: Rows, now: Relations, columns: Sequence[str]) -> set[int]:
    """Return the hashes over these columns, of all tables that have them."""
    return {one for place in now if _has(now, place, columns) for one in rows.hashes(place, columns)}


def _moved(
    rows: Rows, now: Relations, new: Relations, key: str, pairs: set[int], values: Sequence[int]
) -> bool:
    """Whether a column of another name has these pairs of key and value, or one of a new table the values."""
    named = ((place, column) for place, types in now.items() if key in types for column in types)
    if any(pairs <= set(rows.hashes(place, [key, column])) for place, column in named if column != key):
        return True
    wanted = set(values)
    return any(
        wanted <= set(rows.hashes(place, [column])) for place, types in new.items() for column in types
    )
