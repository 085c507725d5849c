"""The schema of the fixes that were applied in a handout, as SQL: the candidate's `lab` has no fixes to run.

Only that `lab` runs it. A lab with a library runs its own migrations, and believes no SQL of a workspace.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing

from lab.catalog import Fix, revision_of
from lab.database import connect
from lab.engine.migrations import in_one_transaction, sql_of
from lab.engine.schema import VERSION_SCHEMA, VERSION_TABLE, read_schema
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.sentences import sentence

RECORDS = f"""
CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA};
CREATE TABLE IF NOT EXISTS {VERSION_SCHEMA}.{VERSION_TABLE} (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)
)
"""
"""As Alembic makes the table."""


def schema_sql(fixes: Iterable[Fix]) -> dict[int, str]:
    """Return, by number, SQL that runs and records the migrations of these fixes.

    A fix whose migration needs a database to make its SQL is left out.
    """
    found = {}
    for fix in fixes:
        try:
            found[fix.number] = in_one_transaction(sql_of(fix, Verb.APPLY))
        except Refused:
            continue
    return found


def repeat(url: str, given: Mapping[int, str]) -> None:
    """Run the SQL of those fixes that the database at `url` does not record, all of them or none.

    Raises:
        Refused: a statement failed.
        DatabaseUnreachable: no connection could be made.
    """
    import psycopg2

    recorded = read_schema(url).recorded
    with closing(connect(url)) as connection:
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                cursor.execute(RECORDS)
                for number, sql in given.items():
                    if revision_of(number) not in recorded:
                        cursor.execute(sql)
            connection.commit()
        except psycopg2.Error as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[0]
            raise Refused(
                sentence(f"The schema that your interviewer applied cannot be made again: {reason}"),
                "Ask your interviewer for: lab -C DIR reset",
            ) from error
