"""The count of a role's statements is exact, and leaves out BEGIN, pings and the like."""

from contextlib import closing

import psycopg2

from lab.database_url import DatabaseUrl
from lab.probing.connection import open_connection
from lab.probing.statements import counted
from tests.conftest import Database


def test_only_the_roles_own_data_statements_are_counted(database: Database) -> None:
    url = DatabaseUrl.parse(database.url_for("workflow-service")).libpq
    with (
        open_connection(database.url) as connection,
        closing(psycopg2.connect(url)) as service,
        service.cursor() as cursor,
        counted(connection, "workflow_service") as count,
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
        open_connection(database.url) as connection,
        closing(psycopg2.connect(url)) as service,
        service.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM workflows")
        with counted(connection, "workflow_service") as count:
            pass
        assert count.calls == 0
        with counted(connection, "workflow_service") as count:
            cursor.execute("SELECT count(*) FROM workflows")
        assert (count.calls, count.blocks > 0) == (1, True)
