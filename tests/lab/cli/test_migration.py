"""`lab migration`: what it prints, its exit codes, and plain alembic beside it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cli import migration_views
from lab.operations.migration import Migrated, RevisionRun
from lab.operations.migration_status import MigrationStatus, RevisionStatus
from lab.shell import run
from lab.workspace import Workspace
from tests.lab.cli.conftest import Command
from tests.lab.cli.test_inspect_views import lines

STATUS = MigrationStatus("0002", (), ("0002",), ("0002",), (), (), (), "", ())
OWN = RevisionStatus("0003", ("0002",), "add notes", "migrations/versions/0003_add_notes.py", False)


@pytest.fixture
def versions(workspace: Workspace) -> Iterator[Path]:
    """The folder of the migrations. What a test adds to it is removed."""
    folder = workspace.root / "migrations" / "versions"
    before = set(folder.iterdir())
    yield folder
    for path in set(folder.glob("*.py")) - before:
        path.unlink()


@pytest.mark.slow
def test_a_migration_goes_from_its_file_to_the_database_and_back(
    up: None, command: Command, versions: Path
) -> None:
    made = command("migration", "new", "add notes")
    assert made.stdout.decode() == (
        "Made migrations/versions/0003_add_notes.py, revision 0003 after 0002.\n"
        "Write its upgrade() and downgrade(). Then run it: lab migration up\n"
    )
    done = command("migration", "up")
    assert done.stderr == b"Upgrading to 0003 add notes \xe2\x80\xa6\n"
    assert done.stdout.decode().endswith("The database is at revision 0003.\n")
    report = json.loads(command("migration", "status", "--json").stdout)
    assert [(one["revision"], one["in_database"]) for one in report["revisions"]] == [("0003", True)]
    assert report["differences"] == []
    alembic = [sys.executable, "-m", "alembic"]
    assert run([*alembic, "check"], cwd=versions.parent.parent).code == 0
    assert run([*alembic, "downgrade", "-1"], cwd=versions.parent.parent).code == 0
    refused = command("migration", "down")
    assert (refused.code, b"lab reset" in refused.stderr) == (3, True)
    assert command("migration", "up", "nowhere").code == 2


@pytest.mark.slow
def test_a_failed_migration_is_one_sentence_and_exit_code_1(
    up: None, command: Command, versions: Path
) -> None:
    assert command("migration", "new", "bad").code == 0
    file = versions / "0003_bad.py"
    file.write_text(file.read_text().replace("    pass", '    op.execute("SELECT 1 / 0")', 1))
    done = command("migration", "up")
    assert done.code == 1
    assert done.stderr.decode().splitlines()[-1] == (
        "lab: migrations/versions/0003_bad.py, line 18, failed: division by zero. "
        "The database is at revision 0002."
    )


def test_status_says_what_is_pending_missing_split_and_different() -> None:
    text = lines(
        migration_views.status(
            MigrationStatus(
                shipped_head="0002",
                revisions=(OWN,),
                heads=("0003", "0004"),
                database=("0002", "0009"),
                pending=("0003",),
                unknown=("0009",),
                differences=("table notes is only in the models",),
                not_compared="",
                invalid_indexes=("ix",),
            )
        )
    )
    assert text[0] == "Shipped head: 0002. The database is at 0002, 0009."
    assert text[3].split() == ["0003", "add", "notes", OWN.file, "no"]
    assert text[5:] == [
        "There are 2 heads: 0003, 0004. Merge them: alembic merge -m MESSAGE 0003 0004",
        "No file has revision 0009, which the database has.",
        "Pending: 0003. Run them: lab migration up",
        "The index ix is invalid, because it was not completed. "
        "Drop it: lab psql -c 'DROP INDEX CONCURRENTLY ix'",
        "Models and database differ:",
        "  table notes is only in the models",
    ]


def test_after_a_migration_a_service_with_older_code_is_named() -> None:
    ran = (RevisionRun("0003", "add notes", OWN.file, 0.5),)
    done = Migrated("up", ("0002",), ("0003",), ran, 1.0, ("worker",), ())
    assert lines(migration_views.migrated(done)) == [
        "0003 add notes (0.50 s)",
        "The database is at revision 0003.",
        "worker was started from older code than the files have now. Restart it: lab restart worker",
    ]
