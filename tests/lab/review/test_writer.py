"""A live writer measures how long a write has to wait."""

import time
from contextlib import closing

from lab.database import connect
from lab.engine.catalogue import catalogue
from lab.review.writer import writing
from tests.conftest import Database


def test_every_table_is_written_to_and_a_lock_shows_as_the_slowest_write(database: Database) -> None:
    shipped = catalogue(database.url)
    with closing(connect(database.url)) as connection:
        connection.autocommit = False
        with writing(database.url, shipped) as waits:
            while set(waits.slowest) != set(shipped.columns):
                time.sleep(0.01)
            with connection.cursor() as cursor:
                cursor.execute("LOCK devices IN SHARE MODE; SELECT pg_sleep(0.3)")
            connection.commit()
    assert waits.worst[0] == "devices"
    assert waits.worst[1] > 0.2


def test_no_value_changes(database: Database) -> None:
    query = "SELECT md5(string_agg(d::text, '' ORDER BY id)) FROM devices d"
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        before = cursor.fetchall()
        with writing(database.url, catalogue(database.url)) as waits:
            while "devices" not in waits.slowest:
                time.sleep(0.01)
        cursor.execute(query)
        assert cursor.fetchall() == before


def test_a_trigger_of_the_candidates_changes_nothing(database: Database) -> None:
    query = "SELECT max(updated_at) FROM devices"
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        before = cursor.fetchall()
        cursor.execute(
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$;"
            "CREATE TRIGGER touch BEFORE UPDATE ON devices FOR EACH ROW EXECUTE FUNCTION touch()"
        )
        with writing(database.url, catalogue(database.url)) as waits:
            while "devices" not in waits.slowest:
                time.sleep(0.01)
        cursor.execute(query)
        assert cursor.fetchall() == before


def test_the_writer_ends_where_the_schema_does_not_fit_any_more(database: Database) -> None:
    shipped = catalogue(database.url)
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE bookings")
    with writing(database.url, shipped) as waits:
        while "devices" not in waits.slowest:
            time.sleep(0.01)
    assert "bookings" not in waits.slowest
