"""The server processes of a killed lab are terminated, whatever they do meanwhile."""

from contextlib import closing

import pytest

from lab.database import connect
from lab.engine.schema import APPLICATION_PREFIX, Schema
from tests.lab.conftest import Project

SESSIONS = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'lab fix %'"


@pytest.mark.parametrize("rounds", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_a_session_that_ends_by_itself_is_not_an_error(project: Project, rounds: int) -> None:
    mine = f"{APPLICATION_PREFIX} mine"
    with closing(connect(project.url, application=mine)) as connection:
        for _ in range(rounds):
            others = [connect(project.url, application=f"{APPLICATION_PREFIX} {n}") for n in range(3)]
            for other in others:
                other.close()
            Schema(connection, mine).end_abandoned_sessions()
            assert project.sql(SESSIONS) == [(mine,)]


def test_a_session_that_holds_a_lock_is_terminated(project: Project) -> None:
    mine = f"{APPLICATION_PREFIX} mine"
    with (
        closing(connect(project.url, application=mine)) as connection,
        closing(connect(project.url, application=f"{APPLICATION_PREFIX} left")) as left,
        left.cursor() as cursor,
    ):
        cursor.execute("BEGIN; LOCK TABLE things")
        Schema(connection, mine).end_abandoned_sessions()
        assert project.sql("SELECT count(*) FROM things") == [(1000,)]
