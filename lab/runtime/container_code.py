"""Record from which code each container was started. The code is mounted, so Docker does not know it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.runtime.project import Container


@dataclass(frozen=True, slots=True)
class _Started:
    """A start of a container, and the hash of the code that its service ran from then on."""

    container: str
    started: str
    code: str


@dataclass(frozen=True, slots=True)
class ContainerCode:
    """The record in `file`. `code_of` returns the hash of the code that a service would run now."""

    file: Path
    code_of: Callable[[str], str]

    def is_outdated(self, container: Container) -> bool:
        """Whether its last start was of other code, or is not recorded."""
        found = self._read().get(container.service)
        return found != _Started(container.id, container.started, self.code_of(container.service))

    def is_known_as_outdated(self, container: Container) -> bool:
        """Whether its last start is recorded, and was of other code."""
        found = self._read().get(container.service)
        is_last = found is not None and (found.container, found.started) == (container.id, container.started)
        return is_last and self.is_outdated(container)

    def record(self, containers: Iterable[Container], before: Iterable[Container]) -> None:
        """Record the code of those containers that were started since `before` was read."""
        known = {(one.id, one.started) for one in before}
        new = {
            one.service: _Started(one.id, one.started, self.code_of(one.service))
            for one in containers
            if (one.id, one.started) not in known
        }
        if new:
            write_atomic(self.file, to_json({**self._read(), **new}).encode())

    def _read(self) -> dict[str, _Started]:
        try:
            return from_json(self.file.read_bytes(), dict[str, _Started])
        except (OSError, ValueError):
            return {}
