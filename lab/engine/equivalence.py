"""Find out whether a candidate's own migration made the same objects as a fix's would.

The fix's migration runs on empty copies of the tables, in a schema that is rolled back: no table of the
candidate's is changed, and none is locked against reading or writing.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

from lab.catalog import Fix, OwnedObject
from lab.database import connect
from lab.engine.migrations import in_one_transaction, sql_of
from lab.engine.schema import VERSION_SCHEMA, VERSION_TABLE
from lab.engine.verb import Verb
from lab.errors import LabError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

SCRATCH = "lab_scratch"
RECORD = re.compile(rf"^INSERT INTO {VERSION_SCHEMA}\.{VERSION_TABLE} [^;]*;$", re.MULTILINE)
SETTINGS = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'"
TABLES = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT c.relname = ANY (%s)
"""
KEYS = """
SELECT c.relname, pg_get_constraintdef(t.oid) FROM pg_constraint t JOIN pg_class c ON c.oid = t.conrelid
 WHERE t.connamespace = current_schema()::regnamespace AND t.contype IN ('p', 'u')
   AND NOT c.relname = ANY (%s)
"""
COLUMNS = """
SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
       a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = %(schema)s::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""
DEFINITIONS = {
    "table": f"""{COLUMNS} AND c.relname = %(name)s
        UNION ALL SELECT 'constraint', pg_get_constraintdef(t.oid), t.convalidated, '', '', ''
          FROM pg_constraint t JOIN pg_class c ON c.oid = t.conrelid
         WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname = %(name)s AND t.contype <> 'n'""",
    "column": f"{COLUMNS} AND c.relname || '.' || a.attname = %(name)s",
    "index": """
        SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname = %(name)s""",
    "constraint": """
        SELECT t.conrelid::regclass::text, pg_get_constraintdef(t.oid), t.convalidated FROM pg_constraint t
         WHERE t.connamespace = %(schema)s::regnamespace AND t.conname = %(name)s""",
}


def has_same_objects(url: str, fix: Fix) -> bool:
    """Return whether all objects of the fix are in the database as the fix's migration would make them.

    False also if that cannot be found out. Raises DatabaseUnreachable: no connection could be made.
    """
    import psycopg2

    if not fix.objects:
        return False
    try:
        statements = RECORD.sub("", in_one_transaction(sql_of(fix, Verb.APPLY)))
    except LabError:  # it cannot be had without a database
        return False
    with closing(connect(url)) as connection:
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                return _compare(cursor, fix.objects, statements)
        except psycopg2.Error:
            return False
        finally:
            if not connection.closed:
                connection.rollback()


def _compare(cursor: "Cursor", objects: Iterable[OwnedObject], statements: str) -> bool:
    cursor.execute(SETTINGS)
    cursor.execute("SELECT current_schema()")
    ((home,),) = cursor.fetchall()
    _copy_tables(cursor, objects)
    # No other schema: a statement must not find an object of the candidate's by its name.
    cursor.execute(f"SET LOCAL search_path = {SCRATCH}")
    cursor.execute(statements)
    cursor.execute("SET LOCAL search_path = pg_catalog")  # now each name is shown with its schema
    return all(
        (wanted := _definition(cursor, SCRATCH, one)) and wanted == _definition(cursor, home, one)
        for one in objects
    )


def _copy_tables(cursor: "Cursor", objects: Iterable[OwnedObject]) -> None:
    """Make empty copies of the tables with their keys, without what the fix adds."""
    from psycopg2 import sql

    scratch = sql.Identifier(SCRATCH)
    made = [one.name for one in objects if one.kind == "table"]
    cursor.execute(TABLES, (made,))
    tables = [name for (name,) in cursor.fetchall()]
    cursor.execute(KEYS, (made,))
    keys = cursor.fetchall()
    cursor.execute(sql.SQL("CREATE SCHEMA {}").format(scratch))
    for name in tables:
        copy = sql.SQL("CREATE TABLE {}.{} (LIKE {})")
        cursor.execute(copy.format(scratch, sql.Identifier(name), sql.Identifier(name)))
    for table, definition in keys:
        add = sql.SQL("ALTER TABLE {}.{} ADD {}")
        cursor.execute(add.format(scratch, sql.Identifier(table), sql.SQL(definition)))
    for table, _, column in (one.name.partition(".") for one in objects if one.kind == "column"):
        drop = sql.SQL("ALTER TABLE {}.{} DROP COLUMN IF EXISTS {}")
        cursor.execute(drop.format(scratch, sql.Identifier(table), sql.Identifier(column)))


def _definition(cursor: "Cursor", schema: str, owned: OwnedObject) -> list[tuple[str, ...]]:
    cursor.execute(DEFINITIONS[owned.kind], {"schema": schema, "name": owned.name})
    rows = [tuple(str(value).replace(f"{schema}.", "") for value in row) for row in cursor.fetchall()]
    return sorted(rows)
