"""Alembic runs behind a wall, and what it reports is read with care."""

import pytest

from lab import sandbox
from lab.engine.candidate_history import CandidateHistory
from lab.engine.recorded_revisions import recorded
from lab.engine.revisions import Revision
from lab.errors import LabError
from tests.lab.conftest import Project

OWN = """
revision = "abc123"
down_revision = "0001"


def upgrade():
    {body}
"""
FORGED = r"""
    import os, stat
    text = '{"kind": "running", "id": "x\\u001b"}'
    items = '{"kind": "running", "id": ["x", "\\u001b"]}'
    for line in ("no json", "[]", '{"kind": 1}', text, items, "[" * 100_000):
        for descriptor in range(3, 20):
            try:
                if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                    os.write(descriptor, f"{line}\n".encode())
            except OSError:
                pass
"""


def history(project: Project, body: str = "pass") -> CandidateHistory:
    (project.root / "migrations" / "versions" / "abc123_own.py").write_text(OWN.format(body=body))
    return CandidateHistory(project.root, project.url, sandbox.found())


@pytest.mark.slow
def test_revisions_come_after_those_below_them(project: Project) -> None:
    first, own = history(project).read().revisions
    assert (first.id, first.parents) == ("0001", ())
    assert own == Revision("abc123", ("0001",), "", "migrations/versions/abc123_own.py")


@pytest.mark.slow
def test_forged_reports_do_no_harm(project: Project) -> None:
    ran = list[str]()
    history(project, FORGED).upgrade("head", ran.append)
    assert ran[0] == "abc123"
    assert any(text.startswith("x") for text in ran)
    assert all(text.isprintable() for text in ran)
    assert recorded(project.url) == ("abc123",)


@pytest.mark.slow
@pytest.mark.skipif(sandbox.found().level is not sandbox.Level.BWRAP, reason="weaker walls show more")
def test_a_migration_sees_neither_lab_nor_the_callers_variables(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "x")
    body = "import os; assert 'SECRET' not in os.environ; import lab.engine"
    with pytest.raises(LabError, match="ModuleNotFoundError: No module named 'lab"):
        history(project, body).upgrade("head", lambda _: None)
