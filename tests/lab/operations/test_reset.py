"""`reset` restores the rows and the schema, and an interrupted one loses nothing."""

from contextlib import closing

import pytest

from lab.database import connect
from lab.errors import Refused
from lab.operations import fixes
from lab.operations.fix_status import fix_status
from lab.operations.ownership import TemporaryDatabase
from lab.operations.reset import reset
from lab.operations.runtimes import runtime_of
from lab.runtime import databases
from lab.workspace import Workspace
from tests.lab.operations.conftest import ROWS, execute, now, raise_at, states

pytestmark = pytest.mark.usefixtures("lab")


def test_reset_restores_rows_and_schema_and_the_services_reconnect(workspace: Workspace) -> None:
    execute(workspace, "CREATE INDEX mine ON execution_logs (started_at)")
    execute(workspace, "DELETE FROM execution_logs")
    reset(workspace)
    assert now(workspace).database.rows == ROWS
    with closing(connect(runtime_of(workspace).url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('mine')")
        assert cursor.fetchone() == (None,)
    assert states(now(workspace))["device-service"] == "healthy"


@pytest.mark.parametrize(
    "stage", [pytest.param("Copying the template database", marks=pytest.mark.slow), "Replacing the database"]
)
def test_an_interrupted_reset_leaves_only_the_old_database(workspace: Workspace, stage: str) -> None:
    execute(workspace, "DELETE FROM execution_logs WHERE id > 400")
    with pytest.raises(KeyboardInterrupt):
        reset(workspace, progress=raise_at(stage, KeyboardInterrupt()))
    assert now(workspace).database.rows == 400
    account = runtime_of(workspace).account
    assert not databases.comments(account, [one.name_for(workspace) for one in TemporaryDatabase])
    reset(workspace)
    assert now(workspace).database.rows == ROWS


@pytest.mark.slow
def test_a_dropped_database_is_reset_to_the_fixes_in_the_code(workspace: Workspace) -> None:
    path = workspace.root / "app" / "device_service" / "models.py"
    shipped = path.read_bytes()
    fixes.apply(workspace, ["2", "5"])
    path.write_bytes(shipped)  # as `git checkout app` does
    databases.drop(runtime_of(workspace).account, "lab")
    assert reset(workspace).fixes == (2,)
    assert {str(row.state) for row in fix_status(workspace).fixes if row.number == 5} == {"absent"}
    fixes.recover(workspace)
    fixes.revert(workspace, ["2"])


def test_the_schema_of_an_unknown_fix_is_not_dropped(workspace: Workspace) -> None:
    fixes.apply(workspace, ["5"], restart=False)
    execute(workspace, "UPDATE lab.fix_version SET version_num = 'fix_99'")
    with pytest.raises(Refused, match="has the schema of fix_99, which this lab lacks"):
        reset(workspace)
    execute(workspace, "UPDATE lab.fix_version SET version_num = 'fix_5'")
    fixes.revert(workspace, ["5"], restart=False)


def test_a_reset_says_that_own_migrations_are_gone(workspace: Workspace) -> None:
    assert not reset(workspace).has_own_migrations
    own = workspace.root / "migrations/versions/0003_own.py"
    own.write_text("revision = '0003'\ndown_revision = '0002'\n")
    try:
        assert reset(workspace).has_own_migrations
    finally:
        own.unlink()
