"""The command `lab hint`."""

import json
import sys
from pathlib import Path

from lab.shell import Finished, run


def hint(folder: Path, *words: str) -> Finished:
    finished = run([sys.executable, "-m", "lab", "hint", *words], cwd=folder, timeout=60)
    assert b"Traceback" not in finished.stderr
    return finished


def test_a_hint_is_shown_with_the_number_of_those_that_are_left(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "alembic.ini").touch()
    assert hint(tmp_path, "2").stdout.decode().splitlines()[1] == "4 more are left."
    opened = json.loads(hint(tmp_path, "2", "--json").stdout)
    assert (opened["number"], opened["left"], opened["handout"]) == (2, 3, "")
    assert hint(tmp_path, "2", "--for", "elsewhere").code == 2
