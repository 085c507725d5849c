"""Read the logs of containers: their last lines in the order of writing, and with `follow` every new line."""

import time
from collections.abc import Iterator, Sequence

from lab.errors import EnvironmentFault
from lab.runtime.project import Project

POLL = 0.5
"""Seconds between two looks for new lines."""


def read(
    project: Project, services: Sequence[str], lines: int, follow: bool, poll: float = POLL
) -> Iterator[tuple[str, str]]:
    """Yield the last `lines` of each service as (name, line); with `follow`, every new line too, without end.

    A service without a container has no lines. Raises EnvironmentFault if a log cannot be read.
    """
    seen = dict.fromkeys(services, "")
    for service, stamp, line in _read(project, seen, ["--tail", str(max(lines, 1))]):
        seen[service] = stamp
        if lines:
            yield service, line
    while follow:
        # Each round looks up the containers again, because one may be replaced or restarted.
        time.sleep(poll)
        for service, stamp, line in _read(project, seen, []):
            seen[service] = stamp
            yield service, line


def _read(project: Project, seen: dict[str, str], options: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (service, time, line) of what each service wrote after its time in `seen`."""
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
        # Standard output and standard error come as two streams. The timestamps give the order.
        stamped = [
            line.partition(" ")
            for stream in (finished.stdout, finished.stderr)
            for line in stream.decode(errors="replace").splitlines()
        ]
        for stamp, _, line in sorted(stamped, key=lambda parts: parts[0]):
            if stamp > last:
                yield service, stamp, line
