"""`python -m seed`, as the compose job and people run it."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from seed.__main__ import main
from tests.conftest import PROJECT, Database, free_port
from tests.seed.conftest import NAMES, ask, contents, count

DEADLINE = 30.0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def target(empty: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("LAB_DATABASE_URL", empty.url)
    return empty


def test_it_prints_the_number_of_rows(target: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "300"]) == 0

    out, err = capsys.readouterr()
    assert out.endswith("20 devices, 50 workflows, 100 samples, 300 execution logs.\n")
    assert err.splitlines()[-1] == "300 of 300 rows"


def test_a_second_run_is_refused_unless_if_empty_is_given(
    target: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--rows", "300"])
    before = contents(target)
    capsys.readouterr()

    assert main(["--rows", "300"]) == 3
    assert "has rows already" in capsys.readouterr().err
    assert main(["--rows", "300", "--if-empty"]) == 0
    assert contents(target) == before


@pytest.mark.parametrize("rows", ["0", "-1", "many", "1.5", "", "50000001"])
def test_a_number_of_rows_out_of_range_is_one_sentence(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--rows={rows}"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"python -m seed: argument --rows: {rows!r} is not a number of rows from 1 to 50,000,000.\n"
    )


def test_help_shows_an_example_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "python -m seed --rows 10000" in out
    assert "exit codes" in out


def test_an_unreachable_database_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", f"postgresql://lab:lab@127.0.0.1:{free_port()}/lab")

    assert main([]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_invalid_url_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", "not an address")

    assert main([]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_is_shown_a_bar(target: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    main(["--rows", "300"])

    drawn = screen.getvalue().split("\r")
    assert drawn[1].startswith("[" + "." * 30 + "] 0 of 300")
    assert drawn[-1] == "[" + "#" * 30 + "] 300 of 300 rows\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_killed_seed_leaves_no_rows(target: Database, number: signal.Signals, code: int) -> None:
    with seeding(rows=500_000) as child:
        assert child.stderr is not None
        assert "of 500,000 rows" in child.stderr.readline()
        child.send_signal(number)
        assert child.wait(DEADLINE) == code
        assert "Traceback" not in child.stderr.read()

    wait_until_alone(target)
    assert {name: count(target, name) for name in NAMES} == dict.fromkeys(NAMES, 0)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(target: Database) -> None:
    peaks = []
    for rows in (500, 300_000):
        with seeding(rows) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        peaks.append(usage.ru_maxrss)
        ask(target, f"TRUNCATE {', '.join(NAMES)}")

    assert peaks[1] < peaks[0] * 1.05


def test_importing_seed_loads_no_driver() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import seed, sys; print(*sys.modules)"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "seed.database" in loaded
    assert not {"psycopg2", "sqlalchemy", "alembic", "flask"}.intersection(loaded)


@contextmanager
def seeding(rows: int) -> "Iterator[subprocess.Popen[str]]":
    """Run the command in a child process, which has ended at the end of the block."""
    argv = [sys.executable, "-m", "seed", "--rows", str(rows)]
    with subprocess.Popen(
        argv, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            if child.returncode is None:
                child.kill()


def wait_until_alone(database: Database) -> None:
    """Wait until the server has ended the killed client's session."""
    deadline = time.monotonic() + DEADLINE
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = 'seed'"
    while ask(database, others, database.name) != [(0,)]:
        assert time.monotonic() < deadline, "the server still runs the killed client's statement"
        time.sleep(0.02)
