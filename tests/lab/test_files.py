"""A file is replaced as a whole or not at all."""

from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, Refused
from lab.files import write_atomic


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"old")
    path.chmod(0o750)
    write_atomic(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o750)


def test_a_failed_write_leaves_the_old_file_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    path.mkdir(parents=True)  # a folder cannot be replaced by a file
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_atomic(path, b"new")
    assert list(path.parent.iterdir()) == [path]


def test_a_check_that_raises_leaves_the_old_file_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse() -> None:
        raise Refused("it was edited")

    with pytest.raises(Refused, match="it was edited"):
        write_atomic(path, b"new", check=refuse)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_file_is_made_in_the_scratch_folder(tmp_path: Path) -> None:
    path, scratch = tmp_path / "folder" / "file", tmp_path / "scratch"
    seen: list[list[Path]] = []
    write_atomic(path, b"new", scratch=scratch, check=lambda: seen.append(list(scratch.iterdir())))
    assert path.read_bytes() == b"new"
    assert len(seen[0]) == 1
    assert list(scratch.iterdir()) == []
