"""A new migration is plain Alembic in the form of the shipped ones; a refusal leaves nothing."""

from pathlib import Path

import pytest

from lab.engine import candidate
from lab.errors import EnvironmentFault, LabError, Refused, UsageError
from lab.operations import migration_status
from lab.operations.new_migration import in_house_style, new
from lab.workspace import Workspace
from tests.lab.conftest import Project
from tests.lab.operations.own_migrations import as_lab, write

WRITTEN = '''"""Ready, steady

Revision ID: 0002
Revises: 0001
'''
BODY = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
"""


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    return as_lab(project, monkeypatch)


def files(project: Project) -> list[str]:
    return sorted(path.name for path in (project.root / "migrations/versions").iterdir())


@pytest.mark.slow
def test_the_file_has_number_name_and_form_of_the_shipped_ones(own: Project) -> None:
    made = new(own.workspace, " Ready, steady ")
    assert (made.revision, made.parent) == ("0002", "0001")
    assert str(made.file) == "migrations/versions/0002_ready_steady.py"
    text = (own.root / made.file).read_text()
    assert text.startswith(WRITTEN)
    assert text.endswith(BODY)


@pytest.mark.slow
def test_autogenerate_makes_the_schema_like_the_models_and_alembic_runs_it(own: Project) -> None:
    own.sql("ALTER TABLE things DROP seen_at")
    made = new(own.workspace, "seen at", autogenerate=True)
    assert not made.empty
    assert (
        'op.add_column("things", sa.Column("seen_at", sa.DateTime(), nullable=True))'
        in (own.root / made.file).read_text()
    )
    candidate.upgrade(own.workspace, own.url)  # plain Alembic
    assert migration_status.status(own.workspace).differences == ()
    assert new(own.workspace, "no more", autogenerate=True).empty


@pytest.mark.parametrize("message", ["", "  ", "!?", "a\\b", 'a """ b', "a\nb", "a \x1b[31m b"])
def test_a_message_that_cannot_be_used_is_refused(tmp_path: Path, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        new(Workspace(tmp_path), message)
    assert str(refused.value).isprintable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_file_that_exists_is_not_replaced(own: Project) -> None:
    taken = own.root / "migrations/versions/0002_taken.py"
    taken.write_text('revision = "abc"\ndown_revision = "0001"\n')
    with pytest.raises(Refused, match=r"0002_taken\.py exists already"):
        new(own.workspace, "taken")
    assert "abc" in taken.read_text()


@pytest.mark.slow
def test_autogenerate_needs_one_head_and_the_database_there(own: Project) -> None:
    write(own, "0002", "pass")
    with pytest.raises(Refused, match="not at the head 0002"):
        new(own.workspace, "more", autogenerate=True)
    write(own, "0003", "pass", below="0001")
    for autogenerate in (False, True):
        with pytest.raises(Refused, match="2 heads: 0002, 0003"):
            new(own.workspace, "more", autogenerate=autogenerate)
    assert files(own) == ["0001_things.py", "0002_step.py", "0003_step.py"]


def test_autogenerate_needs_a_lab_that_is_up(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_DATABASE_URL")
    with pytest.raises(EnvironmentFault, match="The lab is not up"):
        new(own.workspace, "more", autogenerate=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("<% raise ValueError('no') %>", "Template rendering failed"),
        ("<% import os; os._exit(3) %>", "ended without a result: exit code 3"),
        ("<% import os; os.symlink('/etc/passwd', 'migrations/versions/0002_more.py') %>", "0002_more.py"),
    ],
)
def test_a_hostile_template_makes_no_file(own: Project, template: str, told: str) -> None:
    (own.root / "migrations/script.py.mako").write_text(template)
    with pytest.raises(LabError, match=told):
        new(own.workspace, "more")
    assert files(own) == ["0001_things.py"]


@pytest.mark.parametrize(
    ("text", "styled"),
    [
        ("a = 'b'\n", 'a = "b"\n'),
        ("f('a', g('b'), [\n  'c'])\n", 'f("a", g("b"), [\n  "c"])\n'),
        ("""a = 'say "b"'\n""", """a = 'say "b"'\n"""),
        ("a = 'it\\'s'\n", "a = 'it\\'s'\n"),
        ("a = (\n", "a = (\n"),
        ("import a\n\n\nrevision = 1\n", "import a\n\nrevision = 1\n"),
    ],
)
def test_strings_get_double_quotes_where_nothing_else_changes(text: str, styled: str) -> None:
    assert in_house_style(text) == styled
