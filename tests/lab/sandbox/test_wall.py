"""Which folders a wall shows, and where."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lab.sandbox import Level, Wall, found
from lab.sandbox.wall import interpreter_folders, outermost

MEANS = replace(found(), level=Level.BWRAP)


def test_the_innermost_given_folder_decides_where_a_path_is() -> None:
    wall = Wall(readable={Path("/a"): Path("/lab")}, writable={Path("/a/b"): Path("/out")})
    assert wall.inside(Path("/a/c"), MEANS) == Path("/lab/c")
    assert wall.inside(Path("/a/b/c"), MEANS) == Path("/out/c")
    assert wall.inside(Path("/a"), MEANS) == Path("/lab")


def test_a_path_that_is_not_given_stays() -> None:
    assert Wall().inside(Path("/a"), MEANS) == Path("/a")


def test_without_namespaces_every_path_stays() -> None:
    wall = Wall(readable={Path("/a"): Path("/lab")})
    assert wall.inside(Path("/a/b"), replace(MEANS, level=Level.LANDLOCK)) == Path("/a/b")


def test_a_folder_in_another_or_in_usr_is_not_bound_twice() -> None:
    folders = [Path("/a/b"), Path("/a"), Path("/usr/lib"), Path("/ab"), Path("/a"), Path("/usr"), Path("/")]
    assert outermost(folders) == (Path("/a"), Path("/ab"))


def test_a_link_to_python_does_not_open_the_folder_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "bin").mkdir(parents=True)
    (tmp_path / "two" / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (tmp_path / "one" / "bin" / "python").symlink_to(tmp_path / "two" / "bin" / "python")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "one" / "bin" / "python"))
    assert not any(tmp_path in folder.parents for folder in interpreter_folders())
