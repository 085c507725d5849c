"""A lab that was never up: what needs one says how to bring it up, and what `up` refuses leaves nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, UsageError
from lab.operations.reset import reset
from lab.operations.restart import restart
from lab.operations.up import up
from lab.workspace import Workspace
from tests.measuring import copy_shipped


@pytest.fixture
def never_up(tmp_path: Path) -> Workspace:
    return Workspace(copy_shipped(tmp_path / "lab"))


@pytest.mark.parametrize("verb", [restart, reset])
def test_without_a_running_lab_the_error_names_lab_up(
    never_up: Workspace, verb: Callable[[Workspace], object]
) -> None:
    with pytest.raises(EnvironmentFault, match="Start it: lab up"):
        verb(never_up)


@pytest.mark.parametrize("text", ["abc", "0", "70000", "-1"])
def test_a_variable_without_a_port_number_is_refused_by_name(
    never_up: Workspace, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("LAB_DEVICE_PORT", text)
    with pytest.raises(UsageError, match=f"LAB_DEVICE_PORT={text} is not a port number"):
        up(never_up)
    assert not never_up.data.exists()


@pytest.mark.parametrize("rows", [0, -1, 10**9])
def test_a_number_of_rows_out_of_range_is_wrong_usage(never_up: Workspace, rows: int) -> None:
    with pytest.raises(UsageError, match="rows"):
        up(never_up, rows=rows)
    assert not never_up.data.exists()


@pytest.mark.parametrize("sign", ['"', "$", "`", "%", ":", os.fsdecode(b"\xff")])
def test_a_path_that_tools_would_misread_is_refused(tmp_path: Path, sign: str) -> None:
    odd = Workspace(copy_shipped(tmp_path / f"a{sign}b"))
    with pytest.raises(EnvironmentFault, match="its path holds"):
        up(odd)
    assert not odd.data.exists()
