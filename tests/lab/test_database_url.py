"""Database URLs are parsed and written for Alembic, the services and libpq."""

import pytest

from lab.database_url import DatabaseUrl
from lab.errors import UsageError

URL = "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_the_url_for_libpq_has_no_driver() -> None:
    assert DatabaseUrl.parse(URL).libpq == "postgresql://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_a_written_url_parses_to_the_same_value() -> None:
    for url in (URL, "postgresql+psycopg2://a%40b:p%25w@[::1]:5432/with%20space"):
        assert DatabaseUrl.parse(url).sqlalchemy == url


def test_port_and_password_are_optional() -> None:
    assert DatabaseUrl.parse("postgres://lab@db/lab") == DatabaseUrl("lab", "", "db", 5432, "lab")


def test_str_and_repr_leave_the_password_out() -> None:
    assert str(DatabaseUrl.parse(URL)) == "127.0.0.1:5442/lab"
    assert "cret" not in repr(DatabaseUrl.parse(URL))


@pytest.mark.parametrize(
    "url", ["postgresql:///lab", "postgresql://127.0.0.1/lab", "postgresql://lab@127.0.0.1/"]
)
def test_user_host_and_database_are_required(url: str) -> None:
    with pytest.raises(UsageError, match="not a PostgreSQL URL"):
        DatabaseUrl.parse(url)
