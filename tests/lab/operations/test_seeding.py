"""The seed command of the library fills the database; its progress is reported, its failure quoted."""

import sys
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault
from lab.library import Library
from lab.operations.ownership import Dataset
from lab.operations.seeding import fill
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace
from tests.lab.operations.conftest import living_in

PROFILE = """\
[code]
folders = ["app", "compose", "migrations"]
files = ["alembic.ini"]
[services.api]
port = "API_PORT"
[seed]
command = {command}
rows = 10
most_rows = 10000
noun = "orders"
[status]
table = "orders"
"""
SEED = """
import os, sys
from pathlib import Path
Path("seen.txt").write_text(" ".join([*sys.argv[1:], os.environ["LAB_DATABASE_URL"]]))
"""
DATASET = Dataset(1200, 7)


def filled(
    folder: Path,
    program: str,
    command: tuple[str, ...] = ("python", "-m", "seed"),
    progress: Progress = silent,
) -> None:
    """Fill with a library in `folder` whose seed is this program."""
    library, root = folder / "library", folder / "workspace"
    for made in (library, root / "app"):
        made.mkdir(parents=True)
    words = [*command, "{rows}", "--seed={seed}"]
    (library / "lab.toml").write_text(PROFILE.format(command=str(words)))
    (library / "seed.py").write_text(program)
    (root / "seed.py").write_text("raise SystemExit('the workspace was run')\n")
    url = "postgresql+psycopg2://u:p@h:5432/orders"
    fill(Workspace(root, Library(library)), library, url, DATASET, progress)


def test_the_command_is_run_in_the_library_with_the_numbers_and_the_url(tmp_path: Path) -> None:
    filled(tmp_path, SEED)
    seen = (tmp_path / "library" / "seen.txt").read_text()
    assert seen == "1200 --seed=7 postgresql://u:p@h:5432/orders"


def test_python_is_the_one_that_runs_lab(tmp_path: Path) -> None:
    filled(tmp_path, "import sys; open('seen.txt', 'w').write(sys.executable)")
    assert (tmp_path / "library" / "seen.txt").read_text() == sys.executable


def test_the_rows_of_its_output_are_progress(tmp_path: Path) -> None:
    program = "import sys\nfor n in ('600', '1,200'): print(n, 'of 1,200 rows', file=sys.stderr)\n"
    text = "Making 1,200 orders"
    updates: list[Update] = []
    filled(tmp_path, program + "print('done', file=sys.stderr)", progress=updates.append)
    assert updates == [
        Update(text, 0, 1200),
        Update(text, 600, 1200),
        Update(text, 1200, 1200),
    ]


def test_a_failure_quotes_its_last_line(tmp_path: Path) -> None:
    program = "import sys\nprint('1 of 2 rows', file=sys.stderr)\nraise SystemExit('the disk is full')\n"
    with pytest.raises(EnvironmentFault, match=r"could not be seeded: the disk is full$"):
        filled(tmp_path, program)


def test_a_failure_is_quoted_also_if_it_is_not_text(tmp_path: Path) -> None:
    program = "import sys\nsys.stderr.buffer.write(b'\\xff is full')\nraise SystemExit(1)\n"
    with pytest.raises(EnvironmentFault, match=r"could not be seeded: . is full$"):
        filled(tmp_path, program)


def test_a_failure_without_a_word_has_its_exit_code(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"could not be seeded: exit code 3$"):
        filled(tmp_path, "raise SystemExit(3)")


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="The seed command no-such-program cannot be run"):
        filled(tmp_path, "", ("no-such-program",))


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    program = "import sys, time\nprint('1 of 2', file=sys.stderr, flush=True)\ntime.sleep(600)\n"

    def interrupt(update: Update) -> None:
        if update.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled(tmp_path, program, progress=interrupt)
    assert living_in(tmp_path) == []
