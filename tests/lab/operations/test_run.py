"""`run` needs local processes. What it does with them is in `tests/lab/cli/test_run.py`, in a terminal."""

from pathlib import Path

import pytest

from lab.errors import EnvironmentFault
from lab.operations.run import run
from lab.operations.settings import DOCKER, Settings, save_settings
from lab.workspace import Workspace
from tests.lab.operations.conftest import copy_shipped


def test_a_lab_in_containers_is_refused_with_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace(copy_shipped(tmp_path / "lab"))
    save_settings(workspace, Settings(DOCKER, 0, None, {}))
    with pytest.raises(EnvironmentFault, match="lab up --embedded"):
        run(workspace, "device-service", tell=print)
