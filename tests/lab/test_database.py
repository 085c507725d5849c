"""One URL for Alembic, the services, libpq and us."""

import pytest

from lab.database import connect, database_name, libpq_url, with_database, without_password
from lab.errors import DatabaseUnreachable, UsageError
from tests.conftest import Database, free_port

URL = "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_libpq_gets_it_without_the_driver() -> None:
    assert libpq_url(URL) == "postgresql://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_another_database_of_the_same_server() -> None:
    assert with_database(URL, "other") == "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/other"
    assert database_name(URL) == "lab"


def test_messages_never_hold_the_password() -> None:
    assert without_password(URL) == "127.0.0.1:5442/lab"
    with pytest.raises(DatabaseUnreachable) as caught:
        connect(f"postgresql://lab:secret@127.0.0.1:{free_port()}/lab")
    assert "secret" not in str(caught.value)
    assert "lab up" in str(caught.value)


@pytest.mark.parametrize("url", ["", "lab", "mysql://x/y"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not a PostgreSQL URL"):
        libpq_url(url)


def test_a_connection_commits_by_itself_and_says_who_it_is(database: Database) -> None:
    connection = connect(database.url, application="someone")
    with connection.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert cursor.fetchone() == ("someone",)
    assert connection.autocommit
    connection.close()
