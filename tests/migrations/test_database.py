"""The database URL of the migrations, and the errors for one that cannot be used."""

from pathlib import Path

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
def test_an_invalid_url_is_one_sentence_without_the_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", url)
    with pytest.raises(CommandError, match="LAB_DATABASE_URL is not a PostgreSQL URL") as caught:
        database.database_url()
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "There is no database to migrate: run `lab up`"),
        ("\n", "There is no database to migrate: run `lab up`"),
        ("nonsense", r"\.lab/database-url is not a PostgreSQL URL .* Run `lab up` to write it again"),
    ],
)
def test_a_damaged_url_file_is_reported_with_the_next_step(
    content: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".lab").mkdir()
    (tmp_path / ".lab" / "database-url").write_text(content)
    monkeypatch.delenv("LAB_DATABASE_URL", raising=False)
    monkeypatch.setattr(database, "WORKSPACE", tmp_path)
    with pytest.raises(CommandError, match=problem):
        database.database_url()


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_postgresql_url_uses_psycopg2(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", f"{kind}://lab:lab@127.0.0.1:5442/lab")
    assert database.database_url().drivername == "postgresql+psycopg2"


@pytest.mark.parametrize("error", [psycopg2.OperationalError, psycopg2.ProgrammingError])
@pytest.mark.parametrize(("text", "reason"), [("", "no reason given"), ("full\n\thint", "full")])
def test_a_refused_connection_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], text: str, reason: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error(text)

    monkeypatch.setenv("LAB_DATABASE_URL", "postgresql://lab:lab@127.0.0.1:5442/lab")
    monkeypatch.setattr(psycopg2, "connect", refused)
    with pytest.raises(CommandError, match=rf"cannot be reached.*\({reason}\)$"), database.connection():
        pass
