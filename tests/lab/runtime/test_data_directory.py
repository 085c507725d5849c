"""A data directory is made as a whole, and another version's is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault
from lab.runtime import data_directory
from lab.runtime.account import Account
from lab.runtime.binaries import Binaries, find_binaries

ACCOUNT = Account(port=0, user="lab", password="lab")
INITDB = """#!/bin/sh
[ "$1" = --version ] && exit
mkdir "$2" && echo 18 > "$2/PG_VERSION"
"""
"""What is left of initdb here: it refuses a folder that exists, and writes one file."""

ENDS_HALF_WAY = f"""{INITDB}
echo "initdb: error: disk full" >&2
exit 1
"""


def test_a_failed_initdb_leaves_no_data_directory_and_the_next_one_succeeds(tmp_path: Path) -> None:
    binaries = Binaries(tmp_path, 18, "test")
    binaries.program("initdb").write_text(ENDS_HALF_WAY)
    binaries.program("initdb").chmod(0o755)
    data = tmp_path / "home" / "data"
    with pytest.raises(EnvironmentFault, match="was not made: initdb: error: disk full"):
        data_directory.make(data, binaries, ACCOUNT)
    assert [path.name for path in data.parent.iterdir()] == ["data.unfinished"]
    binaries.program("initdb").write_text(INITDB)
    data_directory.make(data, binaries, ACCOUNT)
    data_directory.require_version(data, binaries)
    assert [path.name for path in data.parent.iterdir()] == ["data"]


def test_the_data_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")
    with pytest.raises(EnvironmentFault, match="PostgreSQL 17 made the data"):
        data_directory.require_version(tmp_path, replace(find_binaries(), major=18))


def test_a_folder_that_is_not_a_data_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="is not a data directory"):
        data_directory.require_version(tmp_path, find_binaries())
