"""The candidate's migrations run in a child process. They can fail or hang without harm to `lab`."""

from pathlib import Path

import pytest

from lab.catalog import OwnedObject
from lab.engine import candidate
from lab.errors import LabError, TimedOut
from lab.workspace import Workspace
from tests.lab.conftest import Project

OWN = """
revision = "abc123"
down_revision = "0001"


def upgrade():
    {body}


def downgrade():
    pass
"""
MADE = "revision abc123 made it (migrations/versions/abc123_own.py)"


def write(root: Path, body: str) -> None:
    (root / "migrations" / "versions" / "abc123_own.py").write_text(OWN.format(body=body))


def current(project: Project) -> list[tuple[object, ...]]:
    return project.sql("SELECT version_num FROM alembic_version")


def test_upgrade_reaches_the_head(project: Project) -> None:
    write(project.root, "pass")
    candidate.upgrade(project.workspace, project.url)
    assert current(project) == [("abc123",)]


def test_a_failed_migration_is_reported_with_its_reason(project: Project) -> None:
    write(project.root, 'raise RuntimeError("out of cheese")')
    with pytest.raises(LabError, match=r"alembic upgrade head failed in .*out of cheese"):
        candidate.upgrade(project.workspace, project.url)
    assert current(project) == [("0001",)]


def test_a_migration_that_does_not_end_is_killed(project: Project) -> None:
    write(project.root, "import time; time.sleep(600)")
    with pytest.raises(TimedOut):
        candidate.upgrade(project.workspace, project.url, timeout=3)
    assert current(project) == [("0001",)]


@pytest.fixture
def revisions(tmp_path: Path) -> Workspace:
    """A workspace with a folder for revisions, and no more."""
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    return Workspace(tmp_path)


@pytest.mark.parametrize(
    ("owned", "text"),
    [
        (OwnedObject("index", "ix_mine"), MADE),
        (OwnedObject("column", "things.colour"), MADE),
        (OwnedObject("index", "ix_min"), "made by hand, for no revision in migrations/versions names it"),
    ],
)
def test_the_creator_of_an_object_is_the_revision_that_names_it(
    revisions: Workspace, owned: OwnedObject, text: str
) -> None:
    write(revisions.root, 'op.create_index("ix_mine", "things", ["colour"])')
    assert candidate.creator_of(revisions, owned) == text


def test_a_revision_file_with_a_syntax_error_is_still_named(revisions: Workspace) -> None:
    (revisions.root / "migrations" / "versions" / "x.py").write_text("def (: ix_mine")
    text = candidate.creator_of(revisions, OwnedObject("index", "ix_mine"))
    assert text == "revision ? made it (migrations/versions/x.py)"
