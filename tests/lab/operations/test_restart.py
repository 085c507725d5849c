"""`restart` uses the present compose file."""

import pytest

from lab.errors import UsageError
from lab.operations.restart import restart
from lab.workspace import Workspace
from tests.lab.operations.conftest import states

pytestmark = pytest.mark.usefixtures("lab")


def test_restart_reads_the_compose_file_again(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    variable = "      - DEVICE_SERVICE_URL=http://device-service:5001\n"
    head, service, tail = text.partition("  workflow-service:")
    workspace.compose_file.write_text(
        head + service + tail.replace("environment:\n", f"environment:\n{variable}", 1)
    )
    try:
        report = restart(workspace, ["workflow-service"])
        assert states(report)["workflow-service"] == "healthy"
    finally:
        workspace.compose_file.write_text(text)
        restart(workspace)


def test_an_unknown_service_is_refused_with_the_known_names(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="device-service, workflow-service"):
        restart(workspace, ["ghost"])
