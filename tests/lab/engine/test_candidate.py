"""The candidate's migrations run in a process of their own: they can fail, hang or lie without harm."""

import pytest

from lab.catalog import OwnedObject
from lab.engine import candidate
from lab.errors import LabError, TimedOut
from tests.lab.conftest import Project

OWN = """
revision = "abc123"
down_revision = "0001"


def upgrade():
    {body}


def downgrade():
    pass
"""


def write(project: Project, body: str) -> None:
    (project.root / "migrations" / "versions" / "abc123_own.py").write_text(OWN.format(body=body))


def test_it_goes_up_and_down(project: Project) -> None:
    write(project, "pass")
    assert candidate.heads(project.workspace, project.url) == ("abc123",)
    candidate.upgrade(project.workspace, project.url)
    assert candidate.current(project.url) == ("abc123",)
    candidate.downgrade(project.workspace, project.url, "-1")
    assert candidate.current(project.url) == ("0001",)


def test_a_migration_that_fails_says_why(project: Project) -> None:
    write(project, 'raise RuntimeError("out of cheese")')
    with pytest.raises(LabError, match=r"alembic upgrade head failed in .*out of cheese"):
        candidate.upgrade(project.workspace, project.url)
    assert candidate.current(project.url) == ("0001",)


def test_a_migration_that_never_ends_is_ended(project: Project) -> None:
    write(project, "import time; time.sleep(600)")
    with pytest.raises(TimedOut):
        candidate.upgrade(project.workspace, project.url, timeout=3)
    assert candidate.current(project.url) == ("0001",)


def test_a_database_without_a_history_is_at_no_revision(project: Project) -> None:
    project.sql("DROP TABLE alembic_version")
    assert candidate.current(project.url) == ()


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (OwnedObject("index", "ix_mine"), "revision abc123 made it (migrations/versions/abc123_own.py)"),
        (
            OwnedObject("column", "things.colour"),
            "revision abc123 made it (migrations/versions/abc123_own.py)",
        ),
        (OwnedObject("index", "ix_min"), "made by hand, for no revision in migrations/versions names it"),
    ],
)
def test_the_maker_of_an_object_is_the_revision_that_names_it(
    project: Project, thing: OwnedObject, said: str
) -> None:
    write(project, 'op.create_index("ix_mine", "things", ["colour"])')
    assert candidate.creator_of(project.workspace, thing) == said


def test_a_revision_that_is_no_python_is_still_named(project: Project) -> None:
    (project.root / "migrations" / "versions" / "x.py").write_text("def (: ix_mine")
    said = candidate.creator_of(project.workspace, OwnedObject("index", "ix_mine"))
    assert said == "revision ? made it (migrations/versions/x.py)"
