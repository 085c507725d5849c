"""Record from which code each container was started. The code is mounted, so Docker does not know it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lab.catalog.unified_diff import blob_id
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.runtime.project import Container


@dataclass(frozen=True, slots=True)
class _Started:
    """A start of a container, and the hashes of its service's code and of the compose file at that time."""

    container: str
    started: str
    code: str
    settings: str = ""


StartedOf = Mapping[str, _Started]


@dataclass(frozen=True, slots=True)
class ContainerCode:
    """The record in `file`. `code_of` returns the hash of the code that a service would run now."""

    file: Path
    compose_file: Path
    code_of: Callable[[str], str]

    def is_outdated(self, container: Container) -> bool:
        """Whether it does not run, or its last start was of other code or settings, or is not recorded."""
        now = self.now([container.service])[container.service]
        found = self._read().get(container.service)
        wanted = replace(now, container=container.id, started=container.started)
        return not container.running or found != wanted

    def runs_other_code(self, container: Container) -> bool:
        """Whether its last start is recorded, and was of other code."""
        found = self._read().get(container.service)
        is_last = found is not None and (found.container, found.started) == (container.id, container.started)
        return found is not None and is_last and found.code != self.code_of(container.service)

    def now(self, services: Iterable[str]) -> dict[str, _Started]:
        """Return what a start of each service now would be of. It is asked before the start."""
        try:
            settings = blob_id(self.compose_file.read_bytes())
        except OSError:
            settings = ""
        return {name: _Started("", "", self.code_of(name), settings) for name in services}

    def record(self, containers: Iterable[Container], before: Iterable[Container], of: StartedOf) -> None:
        """Record those containers that were started since `before` was read, with the code of `now` then."""
        known = {(one.id, one.started) for one in before}
        new = {
            one.service: replace(of[one.service], container=one.id, started=one.started)
            for one in containers
            if one.service in of and (one.id, one.started) not in known
        }
        if new:
            write_atomic(self.file, to_json({**self._read(), **new}).encode())

    def _read(self) -> dict[str, _Started]:
        try:
            return from_json(self.file.read_bytes(), dict[str, _Started])
        except (OSError, ValueError):
            return {}
