"""The address that migrations are given, and what is said when nothing can be done with it."""

import psycopg2
import pytest
from alembic.util import CommandError

from migrations import database

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"lab:{SECRET}",
        f"mysql://lab:{SECRET}@127.0.0.1/lab",
        f"nothing+known://lab:{SECRET}@127.0.0.1/lab",
        f"postgresql+psycopg2://lab:{SECRET}@127.0.0.1:port/lab",
        f"postgresql+psycopg2://lab:{SECRET}@[::1/lab",
        f"postgresql+psycopg2://lab:@{SECRET}@127.0.0.1/lab",
    ],
)
def test_what_is_no_url_is_one_sentence_without_the_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", url)
    with pytest.raises(CommandError, match="LAB_DATABASE_URL is no PostgreSQL URL") as caught:
        database.database_url()
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_any_url_of_postgresql_is_taken_for_psycopg2(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", f"{kind}://lab:lab@127.0.0.1:5442/lab")
    assert database.database_url().drivername == "postgresql+psycopg2"


@pytest.mark.parametrize("error", [psycopg2.OperationalError, psycopg2.ProgrammingError])
@pytest.mark.parametrize(("text", "reason"), [("", "no reason given"), ("full\n\thint", "full")])
def test_a_connection_refused_is_one_sentence_whatever_is_said(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], text: str, reason: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error(text)

    monkeypatch.setenv("LAB_DATABASE_URL", "postgresql://lab:lab@127.0.0.1:5442/lab")
    monkeypatch.setattr(psycopg2, "connect", refused)
    with pytest.raises(CommandError, match=rf"out of reach.*\({reason}\)$"), database.connection():
        pass
