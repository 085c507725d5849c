"""Connections to the database, and the error when there is none."""

import psycopg2
import pytest

from lab.database import connect
from lab.errors import DatabaseUnreachable, UsageError
from tests.conftest import Database, free_port

URL = "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_messages_never_hold_the_password() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        connect(f"postgresql://lab:secret@127.0.0.1:{free_port()}/lab")
    assert "secret" not in str(caught.value)
    assert "lab up" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lab",
        "mysql://lab:secret@127.0.0.1/lab",
        "postgresql://lab:secret@127.0.0.1:port/lab",
        "postgresql://lab:secret@127.0.0.1:99999/lab",
        "postgresql://lab:secret@[::1/lab",
        "postgresql://lab:sec/ret@127.0.0.1/lab",
        "postgresql://lab:sec@ret@127.0.0.1/lab",
        "postgresql://lab:secret%zz@127.0.0.1/lab",
        "postgresql://lab:secret@127.0.0.1/lab?nothing=1",
    ],
)
def test_what_is_no_url_of_postgresql_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match="not a PostgreSQL URL") as caught:
        connect(url)
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


def test_a_server_that_gives_no_reason_is_one_sentence_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise psycopg2.OperationalError

    monkeypatch.setattr(psycopg2, "connect", silent)
    with pytest.raises(DatabaseUnreachable, match="does not answer: no reason given"):
        connect(URL)


def test_a_connection_commits_by_itself_and_says_who_it_is(database: Database) -> None:
    connection = connect(database.url, application="someone")
    with connection.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert cursor.fetchone() == ("someone",)
    assert connection.autocommit
    connection.close()
