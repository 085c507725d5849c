"""The commands `lab hint` and `lab fix export`."""

import json
import sys
from pathlib import Path

import pytest

from lab import handouts
from lab.library import Library
from lab.shell import Finished, run
from tests.conftest import PROJECT
from tests.lab.operations.test_hints import ID, record


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


@pytest.mark.slow
def test_an_exported_fix_is_a_file_and_the_next_steps_are_said(tmp_path: Path) -> None:
    library = Library(PROJECT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(handouts.FOLDER_VARIABLE, str(tmp_path))
        handouts.keep(library, record())
        words = [sys.executable, "-m", "lab", "fix", "export", "3", "--handout", ID, "-o", "3.patch"]
        finished = run(words, cwd=tmp_path, timeout=60)
    assert finished.code == 0, finished.stderr.decode()
    lines = finished.stdout.decode().splitlines()
    assert lines[0] == "Wrote fix 3 to 3.patch. To apply it: git apply 3.patch"
    assert lines[-1] == f"Recorded as given in the handout {ID}."
    assert (tmp_path / "3.patch").read_text().startswith("diff --git a/app/")
