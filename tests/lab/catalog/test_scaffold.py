"""The files of a new fix are made together, and none is overwritten."""

from pathlib import Path

import pytest

from lab.catalog import scaffold
from lab.errors import Refused
from lab.library import Library


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_the_first_fix_of_a_library_gets_its_folder_its_probe_and_one_for_answers(tmp_path: Path) -> None:
    assert scaffold(Library(tmp_path), "Sample-in-use") == tmp_path / "fixes" / "01_sample_in_use"
    assert files(tmp_path) == {
        "fixes/01_sample_in_use/fix.toml",
        "fixes/01_sample_in_use/migration.py",
        "fixes/01_sample_in_use/code.patch",
        "fixes/01_sample_in_use/guide.md",
        "probes/sample_in_use.py",
        "tests/answers/1/README.md",
    }


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "tests/answers/1/README.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(Refused, match="exists"):
        scaffold(Library(tmp_path), "sample")
    assert files(tmp_path) == {"tests/answers/1/README.md"}
    assert mine.read_text() == "mine"
