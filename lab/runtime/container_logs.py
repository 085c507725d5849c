"""Read what containers log: their last lines in the order in which they were written, then what comes."""

import time
from collections.abc import Iterator, Sequence

from lab.errors import EnvironmentFault
from lab.runtime.project import Project

POLL = 0.5  # seconds
BEGINNING = ""


def read(project: Project, services: Sequence[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
    """The last `lines` of each service, as (name, line); then, if followed, every new one, until closed."""
    seen = dict.fromkeys(services, BEGINNING)
    for service, stamp, line in _read(project, seen, ["--tail", str(lines)] if lines else ["--tail", "1"]):
        seen[service] = stamp
        if lines:
            yield service, line
    while follow:
        # Asked anew each time: a container that is made again or started again is followed on.
        time.sleep(POLL)
        for service, stamp, line in _read(project, seen, []):
            seen[service] = stamp
            yield service, line


def _read(project: Project, seen: dict[str, str], options: list[str]) -> Iterator[tuple[str, str, str]]:
    """(service, time, line) of what each service wrote after the time at which it was seen last."""
    containers = {one.service: one for one in project.containers()}
    for service, last in list(seen.items()):
        if service not in containers:
            continue
        since = ["--since", last] if last else []
        words = ["docker", "logs", "--timestamps", *since, *options, containers[service].id]
        finished = project.run(words, timeout=60)
        if finished.code != 0:
            project.require_engine()
            raise EnvironmentFault(f"The log of {service} cannot be read: {finished.last_line}")
        # Standard output and standard error come apart; the engine's clock puts them together again.
        stamped = [
            line.partition(" ")
            for stream in (finished.stdout, finished.stderr)
            for line in stream.decode(errors="replace").splitlines()
        ]
        for stamp, _, line in sorted(stamped, key=lambda parts: parts[0]):
            if stamp > last:
                yield service, stamp, line
