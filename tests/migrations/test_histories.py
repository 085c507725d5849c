import shutil
import sys
from pathlib import Path

import pytest

from lab.database import connect
from lab.shell import Finished, run
from tests.conftest import PROJECT, Database, free_port


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The parts of a workspace that Alembic needs, in a folder with a space in its name."""
    root = tmp_path / "a workspace"
    for folder in ("app", "migrations"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "alembic.ini", root)
    return root


@pytest.fixture
def connected(workspace: Path, database: Database) -> Path:
    """The workspace of a running lab: the database URL is in a file."""
    (workspace / ".lab").mkdir()
    (workspace / ".lab" / "database-url").write_text(f"{database.url}\n")
    return workspace


def alembic(workspace: Path, *words: str) -> Finished:
    return run([sys.executable, "-m", "alembic", *words], cwd=workspace, env={"LAB_DATABASE_URL": ""})


def succeeds(workspace: Path, *words: str) -> str:
    finished = alembic(workspace, *words)
    assert finished.code == 0, finished.stderr.decode()
    return finished.stdout.decode()


def fails(workspace: Path, *words: str) -> str:
    finished = alembic(workspace, *words)
    assert finished.code != 0
    assert b"Traceback" not in finished.stderr
    return finished.stdout.decode() + finished.stderr.decode()


def tables(database: Database) -> set[str]:
    connection = connect(database.url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {name for (name,) in cursor.fetchall()}
    connection.close()
    return found


@pytest.mark.slow
def test_every_revision_can_be_downgraded_and_upgraded_again(connected: Path, database: Database) -> None:
    everything = tables(database)
    succeeds(connected, "downgrade", "-1")
    assert tables(database) == {"alembic_version", "devices", "bookings", "execution_logs"}
    succeeds(connected, "downgrade", "base")
    assert tables(database) == {"alembic_version"}
    succeeds(connected, "upgrade", "head")
    assert tables(database) == everything
    assert "No new upgrade operations detected" in succeeds(connected, "check")


@pytest.mark.slow
def test_autogenerate_makes_a_working_revision_of_a_changed_model(connected: Path) -> None:
    models = connected / "app" / "workflow_service" / "models.py"
    column = "    volume_ul: Mapped[float] = mapped_column(sa.Double)\n"
    added = "    colour: Mapped[str | None] = mapped_column(sa.String(20))\n"
    models.write_text(models.read_text().replace(column, column + added))
    assert "Detected added column 'samples.colour'" in fails(connected, "check")
    succeeds(connected, "revision", "--autogenerate", "-m", "Colour of samples")
    (made,) = (connected / "migrations" / "versions").glob("*_colour_of_samples.py")
    assert "op.add_column('samples'" in made.read_text()
    succeeds(connected, "upgrade", "head")
    assert "No new upgrade operations detected" in succeeds(connected, "check")
    succeeds(connected, "downgrade", "-1")


def test_an_empty_revision_needs_no_database(workspace: Path) -> None:
    succeeds(workspace, "revision", "-m", "By hand")
    assert len(list((workspace / "migrations" / "versions").glob("*_by_hand.py"))) == 1


def test_sql_mode_prints_the_statements(connected: Path, database: Database) -> None:
    assert "DROP TABLE workflow_samples" in succeeds(connected, "downgrade", "0002:0001", "--sql")
    assert "workflow_samples" in tables(database)


def test_without_a_database_the_error_names_the_next_step(workspace: Path) -> None:
    assert "run `lab up`" in fails(workspace, "current")


def test_a_database_that_is_down_is_reported_with_the_next_step(workspace: Path) -> None:
    (workspace / ".lab").mkdir()
    address = f"postgresql+psycopg2://lab:lab@127.0.0.1:{free_port()}/lab"
    (workspace / ".lab" / "database-url").write_text(address)
    assert "Run `lab up`" in fails(workspace, "-n", "fixes", "current")


@pytest.mark.slow
def test_the_history_of_the_fixes_runs_with_broken_models(connected: Path, database: Database) -> None:
    (connected / "app" / "device_service" / "models.py").write_text("this is no Python")
    add_fix(connected)
    succeeds(connected, "-n", "fixes", "upgrade", "fix1@head")
    assert "fix_1" in succeeds(connected, "-n", "fixes", "current")
    assert "added_by_a_fix" in tables(database)
    succeeds(connected, "-n", "fixes", "downgrade", "fix1@base")
    assert "added_by_a_fix" not in tables(database)


def test_the_history_of_the_fixes_does_not_touch_the_candidates_history(connected: Path) -> None:
    add_fix(connected, what="pass")
    succeeds(connected, "-n", "fixes", "upgrade", "heads")
    assert succeeds(connected, "current").split() == ["0002", "(head)"]
    assert "No new upgrade operations detected" in succeeds(connected, "check")


def test_a_history_without_fixes_is_empty(connected: Path) -> None:
    assert succeeds(connected, "-n", "fixes", "heads") == ""
    succeeds(connected, "-n", "fixes", "upgrade", "heads")


def add_fix(
    workspace: Path, what: str = "op.create_table('added_by_a_fix', sa.Column('id', sa.Integer))"
) -> None:
    folder = workspace / "fixes" / "01_example"
    folder.mkdir(parents=True)
    (folder / "migration.py").write_text(
        f"""import sqlalchemy as sa
from alembic import op

revision = "fix_1"
down_revision = None
branch_labels = ("fix1",)
depends_on = None


def upgrade() -> None:
    {what}


def downgrade() -> None:
    op.drop_table("added_by_a_fix", if_exists=True)
"""
    )
