"""What candidates hand in: work on a handout, as a folder and as a zip, and what is no work."""

import zipfile
from pathlib import Path

import psutil

from lab.library import Library
from lab.operations.handout import make_handout
from tests.conftest import PROJECT
from tests.measuring import fix

BUILT_IN = "migrations/versions/0003_booking_race.py"
NAMES = ("ada", "zipped.zip", "broken.zip", "empty")


def make_submissions(folder: Path) -> None:
    root = make_handout(folder / "ada", Library(PROJECT), name="Ada", bugs=["1", "4-5"]).root
    compose = root / "compose" / "docker-compose.yml"
    added = (fix(1).folder / "code.patch").read_text().partition("\n+      - DEVICE")[2].partition("\n")[0]
    text = compose.read_text()
    port = "      - PORT=5003\n"
    compose.write_text(text.replace(port, f"{port}      - DEVICE{added}\n"))
    (root / "migrations" / "versions" / "0099_index.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '0099', '{_head(root)}'\n"
        "def upgrade():\n    op.execute('CREATE INDEX mine ON execution_logs (started_at)')\n"
        "def downgrade():\n    op.execute('DROP INDEX mine')\n"
    )
    with (root / BUILT_IN).open("a") as built_in:
        built_in.write("# mine\n")
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        for path in (one for one in root.rglob("*") if one.is_file() and ".git" not in one.parts):
            archive.write(path, path.relative_to(root))
    (folder / "broken.zip").write_bytes(b"no")
    (folder / "empty").mkdir()


def _head(root: Path) -> str:
    line = next(
        one for one in (root / "alembic.ini").read_text().splitlines() if one.startswith("shipped_head")
    )
    return line.partition("=")[2].strip()


def naming(folder: Path) -> list[psutil.Process]:
    """The processes that have the folder in their command line."""
    return [one for one in psutil.process_iter() if str(folder) in " ".join(_words(one))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
