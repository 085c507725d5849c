"""Connections to the database, and the errors when none can be opened."""

import psycopg2
import pytest

from lab.database import connect
from lab.errors import DatabaseUnreachable, UsageError
from tests.conftest import Database, free_port

URL = "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_the_error_does_not_contain_the_password() -> None:
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
def test_a_malformed_url_is_refused_without_quoting_the_password(url: str) -> None:
    with pytest.raises(UsageError, match="not a PostgreSQL URL") as caught:
        connect(url)
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


def test_an_error_without_a_reason_still_gives_a_whole_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise psycopg2.OperationalError

    monkeypatch.setattr(psycopg2, "connect", silent)
    with pytest.raises(DatabaseUnreachable, match=r"No connection to the database at .*: no reason given"):
        connect(URL)


def test_a_connection_is_in_autocommit_mode_and_has_its_application_name(database: Database) -> None:
    connection = connect(database.url, application="someone")
    with connection.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert cursor.fetchone() == ("someone",)
    assert connection.autocommit
    connection.close()
