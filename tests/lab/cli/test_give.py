"""The commands `lab hint` and `lab fix export`."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest

from lab import handouts
from lab.library import Library
from lab.shell import run
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command
from tests.lab.operations.test_hints import ID, record


def test_a_hint_is_shown_with_the_number_of_those_that_are_left(lab: Command, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "alembic.ini").touch()
    hint = partial(lab, "-C", tmp_path, "hint", "2")
    assert hint().stdout.decode().splitlines()[1] == "4 more are left."
    opened = json.loads(hint("--json").stdout)
    assert (opened["number"], opened["left"], opened["handout"]) == (2, 3, "")
    refused = hint("--for", "elsewhere")
    assert (refused.code, b"elsewhere" in refused.stderr) == (2, True)


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
