"""What holds the rows of a table, and how large it is: a partitioned table has no block of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.probing.connection import ProbeConnection

PARTS = """
WITH RECURSIVE part AS (
    SELECT pg_catalog.to_regclass(%s)::oid AS id
    UNION
    SELECT inner_part.id FROM part, LATERAL (
        SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = part.id
        UNION ALL
        SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.objid = r.oid
         WHERE r.ev_class = part.id AND d.classid = 'pg_catalog.pg_rewrite'::regclass
           AND d.refclassid = 'pg_catalog.pg_class'::regclass
    ) AS inner_part (id)
)
SELECT c.relname::text, pg_catalog.pg_relation_size(c.oid::regclass) / %s
  FROM part JOIN pg_catalog.pg_class c ON c.oid = part.id
 WHERE c.relkind IN ('r', 'm') ORDER BY c.relname
"""
"""Its partitions and those of partitions; of a view, the tables that it reads."""

BLOCK = 8192


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view. `parts` has the blocks of each table that holds rows of it, by its name.

    A plain table is its only part. There is none if the table does not exist.
    """

    name: str
    parts: Mapping[str, int]

    @property
    def blocks(self) -> int:
        return sum(self.parts.values())


def read_table(connection: ProbeConnection, name: str) -> Table:
    """Return the table of this name as it is now."""
    return Table(name, {part: int(blocks) for part, blocks in connection.query(PARTS, name, BLOCK)})
