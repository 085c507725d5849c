"""`python -m seed.top_up` adds logs before the oldest, up to the number wanted, and changes no other."""

import sys

import pytest

from seed.top_up import main, top_up
from tests.conftest import Database, free_port
from tests.seed.conftest import ask, contents, count


def test_logs_are_added_before_the_oldest_until_there_are_enough(database: Database) -> None:
    before = contents(database)

    assert top_up(database.url, 2000) == 1500

    assert count(database, "execution_logs") == 2000
    ((older,),) = ask(
        database,
        "SELECT max(started_at) FILTER (WHERE id < 1) < min(started_at) FILTER (WHERE id >= 1)"
        " FROM execution_logs",
    )
    assert older is True
    ask(database, "DELETE FROM execution_logs WHERE id < 1")
    assert contents(database) == before


def test_enough_logs_are_left_as_they_are(database: Database) -> None:
    before = contents(database)

    assert [top_up(database.url, rows) for rows in (500, 499, 1)] == [0, 0, 0]

    assert contents(database) == before


def test_a_second_run_adds_nothing(database: Database) -> None:
    assert [top_up(database.url, 700), top_up(database.url, 700)] == [200, 0]


def test_the_next_log_has_an_id_of_its_own(database: Database) -> None:
    ((highest,),) = ask(database, "SELECT max(id) FROM execution_logs")
    ask(database, "SELECT setval(pg_get_serial_sequence('execution_logs', 'id'), 1)")
    top_up(database.url, 700)
    ((following,),) = ask(database, "SELECT nextval(pg_get_serial_sequence('execution_logs', 'id'))")
    assert following == highest + 1  # type: ignore[operator]


def test_every_device_has_some_of_the_added_logs(database: Database) -> None:
    top_up(database.url, 1000)
    assert ask(database, "SELECT count(DISTINCT device_id) FROM execution_logs WHERE id < 1") == ask(
        database, "SELECT count(*) FROM devices"
    )


def test_the_logs_of_an_empty_table_are_made(database: Database) -> None:
    ask(database, "TRUNCATE execution_logs")
    assert top_up(database.url, 100) == 100
    assert count(database, "execution_logs") == 100


def run(monkeypatch: pytest.MonkeyPatch, url: str, *words: str) -> int:
    monkeypatch.setenv("LAB_DATABASE_URL", url)
    monkeypatch.setattr(sys, "argv", ["seed.top_up", *words])
    return main()


def test_the_command_says_how_many_it_added(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, database.url, "--rows", "1500") == 0
    assert capsys.readouterr() == ("1,000 execution logs added.\n", "")


@pytest.mark.parametrize("url", ["postgresql://lab:lab@127.0.0.1:{port}/lab", "not an address"])
def test_a_failure_is_one_line_and_4(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, url.format(port=free_port()), "--rows", "10") == 4

    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("python -m seed.top_up: ")


def test_the_number_is_required(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, "", "")
    assert "--rows" in capsys.readouterr().err
