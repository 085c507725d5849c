"""The URL of a database is read in one place, for Alembic, the services, libpq and lab itself."""

import pytest

from lab.database_url import DatabaseUrl
from lab.errors import UsageError

URL = "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_libpq_gets_it_without_the_driver() -> None:
    assert DatabaseUrl.parse(URL).libpq == "postgresql://lab:s%2Fcret@127.0.0.1:5442/lab"


def test_it_can_be_read_back() -> None:
    for url in (URL, "postgresql+psycopg2://a%40b:p%25w@[::1]:5432/with%20space"):
        assert DatabaseUrl.parse(url).sqlalchemy == url


def test_a_port_and_a_password_may_be_left_out() -> None:
    assert DatabaseUrl.parse("postgres://lab@db/lab") == DatabaseUrl("lab", "", "db", 5432, "lab")


def test_another_database_of_the_same_server() -> None:
    other = DatabaseUrl.parse(URL).with_database("other")
    assert other.sqlalchemy == "postgresql+psycopg2://lab:s%2Fcret@127.0.0.1:5442/other"


def test_its_text_and_its_repr_hold_no_password() -> None:
    assert str(DatabaseUrl.parse(URL)) == "127.0.0.1:5442/lab"
    assert "cret" not in repr(DatabaseUrl.parse(URL))


@pytest.mark.parametrize(
    "url", ["postgresql:///lab", "postgresql://127.0.0.1/lab", "postgresql://lab@127.0.0.1/"]
)
def test_user_host_and_database_are_required(url: str) -> None:
    with pytest.raises(UsageError, match="not a PostgreSQL URL"):
        DatabaseUrl.parse(url)
