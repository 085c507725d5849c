"""The tiny project as a lab that is up, on a server that lab did not start, and migrations for it."""

import shutil

import pytest

from tests.conftest import PROJECT
from tests.lab.conftest import Project

MIGRATION = '''"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = "{below}"


def upgrade():
    {up}


def downgrade():
    {down}
'''
UPGRADE_LINE = 11
ENV = """
import app.models
from app.models import Base
from migrations import history

history.run({"target_metadata": Base.metadata})
"""


def as_lab(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("LAB_DATABASE_URL", project.url)
    ini = project.root / "alembic.ini"
    logging = (PROJECT / "alembic.ini").read_text().partition("[loggers]")
    own = f"{ini.read_text()}file_template = %%(rev)s_%%(slug)s\n\n[lab]\nshipped_head = 0001\n\n"
    ini.write_text(own + "".join(logging[1:]))
    for name in ("__init__.py", "script.py.mako", "database.py", "history.py"):
        shutil.copy(PROJECT / "migrations" / name, project.root / "migrations" / name)
    (project.root / "migrations" / "env.py").write_text(ENV)
    return project


def write(
    project: Project, id_: str, up: str, down: str = "pass", *, below: str = "", message: str = ""
) -> None:
    below = below or f"{int(id_) - 1:04}"
    text = MIGRATION.format(message=message or f"step {id_}", id=id_, below=below, up=up, down=down)
    (project.root / "migrations" / "versions" / f"{id_}_step.py").write_text(text)
