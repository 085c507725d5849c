"""Ask whether the migrations of the code under test kept the rows: keys and values, wherever they are now.

Values are compared as hashes of a canonical text, so that another type of the same value is no difference.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Remembered:
    """The rows of a database that does not change meanwhile: each table and each sum is asked for once."""

    rows: Rows
    _totals: dict[tuple[str, ...], tuple[int, str]] = field(default_factory=dict)

    @cached_property
    def _relations(self) -> Relations:
        return self.rows.relations()

    def relations(self) -> Relations:
        return self._relations

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        key = (relation, *columns)
        if key not in self._totals:
            self._totals[key] = self.rows.total(relation, columns)
        return self._totals[key]

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        return self.rows.hashes(relation, columns)


def lost(before: Relations, shipped: Rows, migrated: Rows) -> Iterator[tuple[str, str]]:
    """Yield each table or column that lost rows or values, and a clause that says what is gone.

    `before` has the tables as they were before the migrations, `shipped` their rows. Neither database may be
    changed meanwhile. Raises psycopg2.Error: a database cannot be read.
    """
    return _Comparison(before, shipped, Remembered(migrated)).lost()


@dataclass(frozen=True)
class _Comparison:
    """The rows before and after. Sums are compared first: to read hashes takes longer by far."""

    before: Relations
    shipped: Rows
    migrated: Rows

    def lost(self) -> Iterator[tuple[str, str]]:
        known = self.shipped.relations()
        for relation, types in self.before.items():
            # A fix that is applied, but was not measured, may have tables that the reference lacks.
            columns = [name for name in types if name in known.get(relation, {})]
            if relation.endswith(".alembic_version") or not columns:
                continue
            if not self._same(relation, columns):
                yield from self._lost_of(relation, columns)

    def _has(self, relation: str, columns: Sequence[str]) -> bool:
        return set(columns) <= set(self.migrated.relations().get(relation, ()))

    def _same(self, relation: str, columns: Sequence[str]) -> bool:
        """Whether the relation had and has these columns, and the same rows over them."""
        return (
            set(columns) <= set(self.shipped.relations().get(relation, ()))
            and self._has(relation, columns)
            and self.shipped.total(relation, columns) == self.migrated.total(relation, columns)
        )

    def _lost_of(self, relation: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Look for whole rows in every table, then for each value with its key."""
        table, key = relation.partition(".")[2], columns[0]
        if set(self.shipped.hashes(relation, columns)) <= self._anywhere(columns):
            return
        lacking = {}
        for column in columns[1:]:
            if not self._same(relation, [key, column]):
                pairs = set(self.shipped.hashes(relation, [key, column]))
                lacking[column] = array("q", pairs - self._anywhere([key, column]))
        moved = self._moved(relation, key, {column: pairs for column, pairs in lacking.items() if pairs})
        gone = {column: len(pairs) for column, pairs in lacking.items() if pairs and column not in moved}
        keys = set(self.shipped.hashes(relation, [key]))
        kept = set(self.migrated.hashes(relation, [key])) if self._has(relation, [key]) else set()
        # By chance, another table may have the same id with the same value.
        if 2 * len(gone) > len(columns) - 1 and not keys <= kept:
            yield table, f"{max(gone.values()):,} of {len(keys):,} rows are gone"
            return
        if not gone and self._has(relation, columns):
            yield table, "the values of some rows do not belong together any more"
        for column, count in gone.items():
            yield f"{table}.{column}", f"{count:,} of {len(keys):,} values have changed or are gone"

    def _anywhere(self, columns: Sequence[str]) -> set[int]:
        """Return the hashes over these columns, of all tables that have them."""
        places = [place for place in self.migrated.relations() if self._has(place, columns)]
        return {one for place in places for one in self.migrated.hashes(place, columns)}

    def _moved(self, relation: str, key: str, lacking: Mapping[str, Sequence[int]]) -> set[str]:
        """Return the columns whose `lacking` pairs of key and value are in a column of another name.

        In a table that is new, the values without their keys are enough. A column that is as it was is not
        looked at: nothing was moved there, and the same values stand there by chance.
        """
        wanted, found = dict(lacking), set[str]()
        for place, types in self.migrated.relations().items():
            if key not in types or self._same(place, list(types)):
                continue
            for other in types:
                if wanted and other != key and not self._same(place, [key, other]):
                    hashes = set(self.migrated.hashes(place, [key, other]))
                    found |= {column for column, pairs in wanted.items() if hashes.issuperset(pairs)}
                    wanted = {column: pairs for column, pairs in wanted.items() if column not in found}
        new = [
            (place, other)
            for place, types in self.migrated.relations().items()
            for other in types
            if place not in self.before
        ]
        for column in wanted if new else ():
            values = set(self.shipped.hashes(relation, [column]))
            if any(values <= set(self.migrated.hashes(place, [other])) for place, other in new):
                found.add(column)
        return found
