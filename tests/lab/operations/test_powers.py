"""In an embedded lab, nobody but lab itself has a superuser's rights or knows a password of another role."""

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from lab.database import connect, connection_problem, workspace_url
from lab.operations.runtimes import runtime_of
from lab.runtime.launch import read_record
from lab.workspace import Workspace
from tests.lab.operations.conftest import execute

REFUSED_TO_THE_OWNER = {
    "COPY (SELECT 1) TO PROGRAM 'true'": "COPY to or from an external program",
    "ALTER SYSTEM SET work_mem = '1MB'": "permission denied",
    "SELECT pg_stat_statements_reset()": "permission denied",
    "SELECT pg_stat_reset()": "permission denied",
    "SELECT pg_read_file('PG_VERSION')": "permission denied",
    "CREATE ROLE another SUPERUSER": "permission denied",
    "ALTER ROLE lab SUPERUSER": "permission denied",
    "ALTER ROLE device_service PASSWORD 'known'": "permission denied",
    "DROP DATABASE lab_template": "must be owner|cannot drop a template",
}


@pytest.mark.parametrize("statement", REFUSED_TO_THE_OWNER)
def test_the_owner_has_no_superusers_powers(lab: Path, workspace: Workspace, statement: str) -> None:
    with pytest.raises(psycopg2.Error, match=REFUSED_TO_THE_OWNER[statement]):
        execute(workspace, statement)


@pytest.mark.parametrize("role", ["lab", "postgres", "device_service", "workflow_service", "lab_monitor"])
def test_no_role_has_a_password_that_others_know(lab: Path, workspace: Workspace, role: str) -> None:
    account = runtime_of(workspace).account
    for known in (role, "lab", "postgres"):
        assert "authentication failed" in connection_problem(account.url("lab", role, known))


def test_services_own_nothing_and_are_no_superusers(lab: Path, workspace: Workspace) -> None:
    query = """
        SELECT rolname, rolsuper, (SELECT count(*) FROM pg_class WHERE relowner = r.oid)
          FROM pg_roles r WHERE rolname LIKE '%service' ORDER BY 1
    """
    with closing(connect(workspace_url(workspace))) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall() == [("device_service", False, 0), ("workflow_service", False, 0)]


def test_services_cannot_see_other_sessions(lab: Path, workspace: Workspace) -> None:
    url = runtime_of(workspace).account.role_url("lab", "device_service")
    for view in ("pg_stat_activity", "pg_locks"):
        with closing(connect(url)) as connection, pytest.raises(psycopg2.Error, match="permission denied"):
            connection.cursor().execute(f"SELECT * FROM {view}")
    execute(workspace, "SELECT * FROM pg_stat_activity, pg_locks")


def test_the_superusers_password_is_in_no_environment_and_in_one_private_file(
    lab: Path, workspace: Workspace
) -> None:
    password = runtime_of(workspace).account.password
    record = read_record(workspace.service_records, "device-service")
    assert record is not None
    for process in (record.child.process(), record.guard.process()):
        assert process is not None
        assert password not in "\n".join(process.environ().values())
    holding = [
        path
        for path in workspace.state.rglob("*")
        if path.is_file() and "data" not in path.parts and password.encode() in path.read_bytes()
    ]
    assert [path.name for path in holding] == ["superuser-password"]
    assert holding[0].stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_plain_alembic_works_as_the_owner(lab: Path, workspace: Workspace) -> None:
    def alembic(*words: str) -> str:
        argv = [sys.executable, "-m", "alembic", *words]
        finished = subprocess.run(argv, cwd=lab, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    versions = workspace.root / "migrations" / "versions"
    before = set(versions.iterdir())
    try:
        alembic("revision", "--autogenerate", "-m", "Mine")
        (made,) = {path for path in versions.iterdir() if path.suffix == ".py"} - before
        concurrently = (
            "    with op.get_context().autocommit_block():\n"
            "        op.create_index('mine', 'bookings', ['booked_at'], postgresql_concurrently=True)\n"
            "    op.execute('CREATE EXTENSION IF NOT EXISTS btree_gist')\n"
        )
        made.write_text(
            re.sub(r"(def upgrade.*?:\n)", rf"\1{concurrently}", made.read_text(), count=1, flags=re.S)
        )
        alembic("upgrade", "head")
        alembic("downgrade", "-1")
    finally:
        for path in {path for path in versions.iterdir() if path.suffix == ".py"} - before:
            path.unlink()
        execute(workspace, "DROP EXTENSION IF EXISTS btree_gist; DROP INDEX IF EXISTS mine")
