"""The runtime of a workspace's lab, by its settings, and how the lab of each runtime is stopped.

`lab.runtime.docker` is imported by the functions that need it: most commands start faster without it.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from lab import compose, sandbox
from lab.errors import EnvironmentFault, InvalidFile, UsageError
from lab.operations.settings import DOCKER, EMBEDDED, Settings, load_settings
from lab.profile import profile_of
from lab.runtime import embedded
from lab.runtime.base import Runtime
from lab.runtime.database_address import DATABASE_SERVICE
from lab.runtime.stack import HIGHEST_PORT
from lab.sandbox import Level
from lab.workspace import Workspace

SERVER_VARIABLE = "LAB_DATABASE_URL"


def runtime_of(workspace: Workspace, settings: Settings | None = None) -> Runtime:
    """Return the runtime by `settings`, or else by the saved ones. Nothing is started or connected to.

    Raises:
        UsageError: the compose file cannot be used, or LAB_DATABASE_URL is malformed.
        EnvironmentFault: no PostgreSQL was found.
    """
    settings = settings or load_settings(workspace)
    file = compose.read(workspace.compose_file, {**os.environ, **settings.ports})
    if settings.runtime == DOCKER:
        from lab.runtime.docker import docker_runtime

        return docker_runtime(workspace, file, settings.port_offset)
    environ = {**({SERVER_VARIABLE: settings.server} if settings.server else {}), **os.environ}
    means = sandbox.found() if settings.sandbox else None
    return embedded.embedded_runtime(workspace, file, settings.port_offset, environ, means)


def require_walls() -> None:
    """Raise EnvironmentFault if walls cannot hide the workspace's own state from its services here."""
    means = sandbox.found()
    if means.level is not Level.BWRAP:
        raise EnvironmentFault(f"The services need better walls than level {means.level}.", means.better)


def require_up(runtime: Runtime) -> None:
    """Raise EnvironmentFault if the lab's database server does not run."""
    if not runtime.database_running():
        raise EnvironmentFault("The lab is not up.", "Start it: lab up")


def require_services(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError if one of the names is not among the known services."""
    known = tuple(known)
    for name in names:
        if name not in known:
            raise UsageError(f"There is no service {name!r}.", f"The services are {', '.join(known)}.")


def require_services_of_library(workspace: Workspace) -> None:
    """Check that the library's compose file has every service of its lab.toml, with a command and the port.

    Raises:
        InvalidFile: it has not.
    """
    library = workspace.library
    known = compose.read(library.compose_file, {}).services
    problems = []
    for service in profile_of(workspace).services:
        spec = known.get(service.name)
        if spec is None or service.name == DATABASE_SERVICE:
            problems.append(f"services.{service.name}: is no service of {library.compose_file.name}")
            continue
        moved = compose.read(library.compose_file, {service.port: "1"}).services[service.name]
        if spec.port is None or moved.port is None or moved.port.host != 1:
            what = f"is not the variable of its published port in {library.compose_file.name}"
            problems.append(f"services.{service.name}.port: {service.port} {what}")
    if problems:
        raise InvalidFile(library.profile, problems)


def ports_for(workspace: Workspace, saved: Mapping[str, str]) -> Mapping[str, str]:
    """Return the compose file's port variables by name: from the environment, else as `saved`, else empty.

    Raises:
        UsageError: the value of one is not a port number.
    """
    from lab.runtime.docker import port_variables

    ports = {name: os.environ.get(name, saved.get(name, "")) for name in port_variables(workspace).values()}
    for name, text in ports.items():
        if text and not (text.isdecimal() and 0 < int(text) <= HIGHEST_PORT):
            raise UsageError(f"{name}={text} is not a port number.", f"Use one from 1 to {HIGHEST_PORT}.")
    return ports


def stop(workspace: Workspace, kind: str, *, destroy: bool = False) -> tuple[tuple[str, ...], bool]:
    """Stop the lab in this kind of runtime. Return the services that ran, and whether the database ran.

    `destroy` also stops the lab in the other runtime, and deletes the volumes of the containers.

    Raises:
        EnvironmentFault: a process did not stop, or `kind` is docker and no Docker Engine is running.
    """
    if kind == EMBEDDED and not destroy:
        return embedded.stop_all(workspace)
    from lab.runtime.docker import project_of

    if kind == DOCKER:
        stopped = project_of(workspace).stop_all(destroy=destroy)
        if destroy:
            embedded.stop_all(workspace)
        return stopped
    stopped = embedded.stop_all(workspace)
    with suppress(EnvironmentFault):  # without a Docker Engine there are usually no containers
        project_of(workspace).stop_all(destroy=True)
    return stopped
