"""Which runtime the lab of a workspace runs in, as it was last asked for, and how either is ended."""

import os
from collections.abc import Mapping
from contextlib import suppress

from lab import compose
from lab.errors import EnvironmentFault, UsageError
from lab.operations.settings import DOCKER, Settings, load_settings
from lab.runtime import docker, embedded
from lab.runtime.base import Runtime
from lab.runtime.stack import HIGHEST_PORT
from lab.workspace import Workspace

SERVER = "LAB_DATABASE_URL"

Stopped = tuple[tuple[str, ...], bool]
"""Which services ran, and whether the database did."""


def runtime_of(workspace: Workspace, chosen: Settings | None = None) -> Runtime:
    """The workspace's runtime; nothing is started or asked for yet."""
    chosen = chosen or load_settings(workspace)
    file = compose.read(workspace.compose_file, {**os.environ, **chosen.ports})
    if chosen.runtime == DOCKER:
        return docker.docker_runtime(workspace, file, chosen.port_offset)
    environ = {**({SERVER: chosen.server} if chosen.server else {}), **os.environ}
    return embedded.embedded_runtime(workspace, file, chosen.port_offset, environ)


def ports_for(before: Mapping[str, str]) -> Mapping[str, str]:
    """Every port variable of the compose file, as `lab up` is to remember it: what is given, else as before.

    Raises:
        UsageError: one is given that is no port.
    """
    ports = {name: os.environ.get(name, before.get(name, "")) for name in docker.PORT_VARIABLES.values()}
    for name, text in ports.items():
        if text and not (text.isdecimal() and 0 < int(text) <= HIGHEST_PORT):
            raise UsageError(f"{name}={text} is no port.", f"Set it to a number from 1 to {HIGHEST_PORT}.")
    return ports


def halt(workspace: Workspace, kind: str) -> Stopped:
    """Stop everything of that kind that runs for this workspace, whatever the compose file says by now.

    Raises:
        EnvironmentFault: something of ours would not stop, or no engine answers.
    """
    return docker.project_of(workspace).stop_all() if kind == DOCKER else embedded.stop_all(workspace)


def destroy(workspace: Workspace, kind: str) -> Stopped:
    """Stop it, and delete the data that containers keep, those of an earlier time included.

    Raises:
        EnvironmentFault: as `halt`.
    """
    project = docker.project_of(workspace)
    if kind == DOCKER:
        ended = project.stop_all(destroy=True)
        embedded.stop_all(workspace)
        return ended
    ended = embedded.stop_all(workspace)
    with suppress(EnvironmentFault):  # no engine answers: as a rule there has never been one
        project.stop_all(destroy=True)
    return ended
