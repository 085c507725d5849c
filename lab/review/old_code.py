"""Whether the code as shipped could go on: it reads and writes the columns that it knows."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

from lab.database import PLAIN, connect
from lab.engine.catalogue import Catalogue

TAKEN = re.compile(r"23505|23P01|23503|40|57|55P03")
"""The SQLSTATEs that say that a copy of a row cannot be added, or that the server was busy.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

NAMES = re.compile(r'"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Broken:
    """A table that shipped code cannot use as before: how, why, and the names in the reason."""

    table: str
    verb: str
    reason: str
    names: tuple[str, ...]


def broken(url: str, shipped: Catalogue) -> Iterator[Broken]:
    """Read, change and copy a row of each shipped table, with its columns, and yield what fails.

    Nothing of it stays. Raises DatabaseUnreachable.
    """
    with closing(connect(url)) as connection:
        connection.autocommit = False
        for table, columns in shipped.columns.items():
            for verb, statement in _statements(table, columns):
                try:
                    with connection.cursor() as cursor:
                        cursor.execute(PLAIN)
                        cursor.execute(statement)
                except psycopg2.Error as error:
                    if not TAKEN.match(error.pgcode or "57"):
                        yield _broken(table, verb, error)
                        break
                finally:
                    connection.rollback()


def _statements(table: str, columns: Mapping[str, bool]) -> Iterator[tuple[str, sql.Composable]]:
    name = sql.Identifier(table)
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    yield "read", sql.SQL("SELECT {} FROM {} LIMIT 1").format(listed, name)
    key, *others = columns
    if others:
        same = sql.SQL(", ").join(sql.SQL("{0} = {0}").format(sql.Identifier(one)) for one in others)
        yield (
            "change",
            sql.SQL("UPDATE {0} SET {1} WHERE {2} = (SELECT {2} FROM {0} LIMIT 1)").format(
                name, same, sql.Identifier(key)
            ),
        )
    own = [sql.Identifier(one) for one, counted in columns.items() if not counted]
    if own:
        given = sql.SQL(", ").join(own)
        yield "add", sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {0} LIMIT 1").format(name, given)


def _broken(table: str, verb: str, error: psycopg2.Error) -> Broken:
    reason = str(error.diag.message_primary or error).strip()
    quoted = NAMES.findall(reason)
    names = tuple(dict.fromkeys([one for one in (error.diag.column_name, *quoted) if one]))
    return Broken(table, verb, reason, names or (table,))
