"""The tables, indexes, constraints and columns of a database, read from PostgreSQL's catalogue."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from lab.database import OWN, PLAIN, connect

TABLES = f"""
SELECT c.oid::bigint, c.relname, c.reltuples::bigint, c.relispartition,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' AND {OWN} ORDER BY 2
"""
INDEXES = f"""
SELECT i.indexrelid::regclass::text, c.relname, i.indisvalid, k.conname, i.indisunique,
       ARRAY(SELECT coalesce(a.attname, '') FROM unnest(i.indkey::int[]) WITH ORDINALITY AS p (attnum, place)
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.attnum AND p.attnum > 0
              WHERE p.place <= i.indnkeyatts ORDER BY p.place)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
 WHERE {OWN} AND NOT c.relispartition ORDER BY 1
"""
CONSTRAINTS = f"""
SELECT t.conname, c.relname, t.contype::text, t.convalidated, f.relname,
       ARRAY(SELECT a.attname FROM unnest(t.conkey) WITH ORDINALITY AS p (attnum, place)
               JOIN pg_attribute a ON a.attrelid = t.conrelid AND a.attnum = p.attnum ORDER BY p.place)
  FROM pg_constraint t JOIN pg_class c ON c.oid = t.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class f ON f.oid = t.confrelid
 WHERE {OWN} AND t.contype IN ('p', 'u', 'x', 'f', 'c') AND NOT c.relispartition ORDER BY 1
"""
COLUMNS = f"""
SELECT c.relname, a.attname, a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') ~ '^nextval'
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
   AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND {OWN} ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Table:
    oid: int
    name: str
    rows: int
    is_partition: bool
    has_primary_key: bool


@dataclass(frozen=True, slots=True)
class Index:
    """`columns` are empty texts where it has an expression. `constraint` is empty if it has none."""

    name: str
    table: str
    valid: bool
    constraint: str
    unique: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Constraint:
    """`kind` is that of pg_constraint.contype, `refers` the table of a foreign key, else empty."""

    name: str
    table: str
    kind: str
    valid: bool
    refers: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables, indexes and constraints of a database, and the columns of each table in order.

    The value of a column is true if the database gives it one by counting.
    """

    tables: tuple[Table, ...]
    indexes: tuple[Index, ...]
    constraints: tuple[Constraint, ...]
    columns: Mapping[str, Mapping[str, bool]]


def catalogue(url: str) -> Catalogue:
    """Read the catalogue. Raises DatabaseUnreachable, and psycopg2.Error if the database refuses."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(PLAIN)
        found = []
        for query in (TABLES, INDEXES, CONSTRAINTS, COLUMNS):
            cursor.execute(query)
            found.append(cursor.fetchall())
    tables, indexes, constraints, listed = found
    columns: dict[str, dict[str, bool]] = {}
    for table, column, counted in listed:
        columns.setdefault(table, {})[column] = counted
    return Catalogue(
        tuple(Table(*row) for row in tables),
        tuple(Index(*(*row[:3], row[3] or "", row[4], tuple(row[5]))) for row in indexes),
        tuple(Constraint(*(*row[:4], row[4] or "", tuple(row[5]))) for row in constraints),
        columns,
    )
