"""In a box, the review of a stranger's migrations is the same, and their code reaches nothing outside."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lab import sandbox, shipped
from lab.library import Library
from lab.operations.review import Review, review_on
from lab.operations.review_box import review_in_box
from lab.operations.shipped_history import history_below
from lab.operations.template import shipped_head
from lab.progress import silent
from lab.review.finding import Basis
from lab.runtime.prepared import Prepared
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import copy_shipped

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sandbox.nests(sandbox.found()), reason="this machine can make no box"),
]

ROWS = 300_000
REVISION = """
import socket
from alembic import op
revision, down_revision = "0099", "{head}"

def upgrade():
    op.execute("CREATE INDEX mine ON execution_logs (started_at)")
    {tries}

def downgrade():
    op.execute("DROP INDEX mine")
"""
TELLS = """
    try:
        socket.create_connection(("127.0.0.1", {port}), 3)
        reached = "reached"
    except OSError as error:
        reached = error.strerror
    networks = [name for _, name in socket.if_nameindex()]
    raise ValueError(f"{{reached}}, networks {{networks}}")
"""


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def written(folder: Path, tries: str = "pass") -> Workspace:
    workspace = Workspace(copy_shipped(folder), Library(PROJECT))
    shipped.keep(workspace)
    text = REVISION.format(head=shipped_head(workspace), tries=tries.strip())
    (workspace.root / "migrations" / "versions" / "0099_mine.py").write_text(text)
    return workspace


def by_rule(found: Review) -> list[tuple[str, str, int]]:
    return [(one.id, one.file, one.line) for one in found.findings if one.how is Basis.RULE]


def test_it_finds_the_same_as_without_a_box_and_leaves_nothing(full_server: Prepared, tmp_path: Path) -> None:
    workspace = written(tmp_path / "work")
    below = history_below(workspace)
    boxed = review_in_box(workspace, full_server, (), ROWS, below, silent)
    unboxed = review_on(workspace, full_server, (), ROWS, (), below, silent)
    assert by_rule(boxed) == by_rule(unboxed)
    for one in (boxed, unboxed):
        assert "lock-held-while-working" in {finding.id for finding in one.findings}
    assert [one.revision for one in boxed.figures] == ["0099"]
    assert not list(workspace.runs.iterdir())


def test_a_migration_reaches_no_port_and_no_network_of_this_machine(
    full_server: Prepared, port: int, tmp_path: Path
) -> None:
    workspace = written(tmp_path / "work", TELLS.format(port=port))
    found = review_in_box(workspace, full_server, (), ROWS, history_below(workspace), silent)
    (failed,) = [one for one in found.findings if one.id == "does-not-run"]
    assert re.search(r"Connection refused, networks \['lo'\]", failed.seen), failed.seen


def test_what_is_reviewed_without_a_box_would_reach_them(
    full_server: Prepared, port: int, tmp_path: Path
) -> None:
    workspace = written(tmp_path / "work", TELLS.format(port=port))
    found = review_on(workspace, full_server, (), ROWS, (), history_below(workspace), silent)
    (failed,) = [one for one in found.findings if one.id == "does-not-run"]
    assert "reached, networks" in failed.seen
