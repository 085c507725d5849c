"""The count of a role's statements is exact, and leaves out BEGIN, pings and the like."""

from contextlib import closing

import psycopg2
import pytest

from lab.database_url import DatabaseUrl
from lab.errors import EnvironmentFault
from lab.probing.connection import open_connection
from lab.probing.statements import counted
from tests.conftest import Database
from tests.measuring import database_at


def test_data_statements_of_all_but_the_probe_are_counted(database: Database) -> None:
    url = DatabaseUrl.parse(database.url_for("workflow-service")).libpq
    with (
        open_connection(database_at(database.url)) as connection,
        closing(psycopg2.connect(url)) as service,
        service.cursor() as cursor,
        counted(connection) as count,
    ):
        for number in range(7):
            cursor.execute("SELECT * FROM samples WHERE id = %s", (number,))
        cursor.execute("SELECT 1")
        cursor.execute("/* why */ WITH few AS (SELECT 1) SELECT * FROM few")
        service.commit()
        connection.query("SELECT count(*) FROM samples")
    assert count.calls == 8
    assert count.most_called is not None
    assert (count.most_called.calls, "FROM samples" in count.most_called.text) == (7, True)


def test_what_ran_before_is_not_counted(database: Database) -> None:
    url = DatabaseUrl.parse(database.url_for("workflow-service")).libpq
    with (
        open_connection(database_at(database.url)) as connection,
        closing(psycopg2.connect(url)) as service,
        service.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM workflows")
        with counted(connection) as count:
            pass
        assert count.calls == 0
        with counted(connection) as count:
            cursor.execute("SELECT count(*) FROM workflows")
        assert (count.calls, count.blocks > 0) == (1, True)


@pytest.mark.parametrize(
    "how",
    [
        "DO $$ BEGIN FOR n IN 1..7 LOOP PERFORM * FROM samples WHERE id = n; END LOOP; END $$",
        "SELECT seven()",
        "DO $$ DECLARE found json; BEGIN FOR n IN 1..7 LOOP"
        " found := (SELECT json_agg(s) FROM samples s WHERE id = n); END LOOP; END $$",
        "; ".join(f"EXPLAIN ANALYZE SELECT * FROM samples WHERE id = {n}" for n in range(7)),
    ],
)
def test_statements_in_blocks_and_functions_are_counted(database: Database, how: str) -> None:
    with (
        open_connection(database_at(database.url)) as connection,
        closing(psycopg2.connect(DatabaseUrl.parse(database.url_for("workflow-service")).libpq)) as service,
        service.cursor() as cursor,
    ):
        connection.query(
            "CREATE FUNCTION seven() RETURNS void LANGUAGE plpgsql AS $$"
            " BEGIN FOR n IN 1..7 LOOP PERFORM * FROM samples WHERE id = n; END LOOP; END $$"
        )
        with counted(connection) as count:
            cursor.execute(how)
    assert max(one.calls for one in count.statements if "FROM samples" in one.text) == 7


def test_the_statements_of_every_role_are_counted(database: Database) -> None:
    with open_connection(database_at(database.url)) as connection, counted(connection) as count:
        for service in ("workflow-service", "device-service"):
            with closing(psycopg2.connect(DatabaseUrl.parse(database.url_for(service)).libpq)) as opened:
                opened.cursor().execute("SELECT * FROM samples")
    assert (count.calls, count.of("workflow_service"), count.of("device_service")) == (2, 1, 1)


def test_statistics_that_are_reset_meanwhile_are_noticed(database: Database) -> None:
    with (
        open_connection(database_at(database.url)) as connection,
        pytest.raises(EnvironmentFault, match="were reset"),
        counted(connection),
    ):
        connection.observe("SELECT pg_stat_statements_reset()")
