"""Read the logs of containers: their last lines in the order of writing, and with `follow` every new line."""

import time
from collections.abc import Iterator, Mapping, Sequence

from lab.errors import EnvironmentFault
from lab.runtime.project import Project

POLL = 0.5
"""Seconds between two looks for new lines."""


def read(
    project: Project, services: Sequence[str], lines: int, follow: bool, poll: float = POLL
) -> Iterator[tuple[str, str]]:
    """Yield the last `lines` of each service as (name, line); with `follow`, every new line too, without end.

    Lines of several services are in the order of time, the new ones as far as they are read together. A
    service without a container has no lines. Raises EnvironmentFault if a log cannot be read.
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


def _read(project: Project, seen: Mapping[str, str], options: list[str]) -> list[tuple[str, str, str]]:
    """Return (service, time, line) of what each service wrote after its time in `seen`, in order of time."""
    found = []
    containers = {one.service: one for one in project.containers()}
    for service, last in seen.items():
        if service not in containers:
            continue
        since = ["--since", last] if last else []
        words = ["docker", "logs", "--timestamps", *since, *options, containers[service].id]
        finished = project.run(words, timeout=60)
        if finished.code != 0:
            project.require_engine()
            raise EnvironmentFault(f"The log of {service} cannot be read: {finished.last_line}")
        for stream in (finished.stdout, finished.stderr):
            for text in stream.decode(errors="replace").splitlines():
                stamp, _, line = text.partition(" ")
                if stamp > last:
                    found.append((service, stamp, line))
    # Each service's standard output and standard error come separately. The timestamps give the order.
    return sorted(found, key=lambda one: one[1])
