"""The services of a compose file, with their variables filled in, and all its mistakes in one report."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.compose.document import load
from lab.compose.variables import fill
from lab.errors import InvalidFile, UsageError

TOP_KEYS = {"services", "volumes"}
SERVICE_KEYS = {
    *("build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "mem_limit"),
    *("memswap_limit", "ports", "read_only", "restart", "security_opt", "tmpfs", "user", "volumes"),
}
UNITS = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}
PORT = re.compile(r"(?:(?P<address>[\d.]+):)?(?P<host>\d{1,5}):(?P<container>\d{1,5})(?:/tcp)?")
EXTENSION = "x-"
"""How the name of a key begins that compose leaves to people, such as for an anchor."""


@dataclass(frozen=True, slots=True)
class Port:
    """A published port: number `container` in the container, number `host` at `address` on this machine."""

    address: str
    host: int
    container: int


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service of the file, with its variables filled in. `depends_on` names other services.

    `memory_limit` is in bytes, None for no limit. `command` is empty if the image's own is used.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ports: tuple[Port, ...]
    memory_limit: int | None
    depends_on: tuple[str, ...]
    has_health_check: bool

    @property
    def port(self) -> Port | None:
        """The first published port; None if there is none."""
        return self.ports[0] if self.ports else None


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """The services by name, in the file's order."""

    path: Path
    services: Mapping[str, ServiceSpec]

    def service(self, name: str) -> ServiceSpec:
        """Return the service of that name. Raises UsageError: the file has no such service."""
        if name not in self.services:
            known = f"The services are {', '.join(self.services)}."
            raise UsageError(f"There is no service {name!r}.", known)
        return self.services[name]


def read(path: Path, environ: Mapping[str, str] = os.environ) -> ComposeFile:
    """Read the file. Variables such as `${VAR:-default}` are replaced by their values in `environ`.

    Raises:
        InvalidFile: the file cannot be read or is not YAML, or has other mistakes, which are all reported.
    """
    try:
        document = load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidFile(path, [f"{error.strerror}"], "Restore it: lab reset --code") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidFile(path, [" ".join(str(error).split())], "Correct its YAML.") from error
    reader = _Reader(environ)
    services = reader.file(document)
    if reader.problems:
        raise InvalidFile(path, reader.problems, "Correct these, or restore the file: lab reset --code")
    return ComposeFile(path, services)


class _Reader:
    """Converts the document to services, and collects its mistakes in `problems`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def file(self, document: Any) -> dict[str, ServiceSpec]:
        if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
            self.problems.append("services: a map of services is missing")
            return {}
        self._unknown("", document, TOP_KEYS)
        services = {str(name): self._service(str(name), body) for name, body in document["services"].items()}
        published: dict[int, str] = {}
        for name, spec in services.items():
            for port in spec.ports:
                if (first := published.setdefault(port.host, name)) != name:
                    self.problems.append(f"services.{name}.ports: {first} already publishes {port.host}")
        for name, spec in services.items():
            for other in spec.depends_on:
                if other not in services:
                    self.problems.append(f"services.{name}.depends_on: there is no service {other}")
        return services

    def _service(self, name: str, body: Any) -> ServiceSpec:
        where = f"services.{name}"
        if not isinstance(body, dict):
            self.problems.append(f"{where}: a map is expected")
            body = {}
        self._unknown(f"{where}.", body, SERVICE_KEYS)
        return ServiceSpec(
            name=name,
            command=tuple(self._texts(f"{where}.command", body.get("command"))),
            environment=dict(self._environment(f"{where}.environment", body.get("environment"))),
            ports=tuple(self._ports(f"{where}.ports", body.get("ports"))),
            memory_limit=self._size(f"{where}.mem_limit", body.get("mem_limit")),
            depends_on=self._names(f"{where}.depends_on", body.get("depends_on")),
            has_health_check="healthcheck" in body,
        )

    def _unknown(self, where: str, body: Mapping[Any, Any], known: set[str]) -> None:
        for key in body:
            if key not in known and not str(key).startswith(EXTENSION):
                self.problems.append(f"{where}{key}: the lab does not know this key")

    def _names(self, where: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, dict | list | None):
            self.problems.append(f"{where}: a list or a map of services is expected")
            return ()
        return tuple(str(name) for name in value or ())

    def _texts(self, where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list | None):
            self.problems.append(f"{where}: a list is expected")
            return
        for item in value or ():
            if isinstance(item, dict | list | None):
                self.problems.append(f"{where}: {item!r} is not a string")
            else:
                yield self._fill(where, str(item))

    def _environment(self, where: str, value: Any) -> Iterator[tuple[str, str]]:
        """Read a list of NAME=value, or a map. A name without a value takes the value of `environ`."""
        entries: list[tuple[str, str | None]] = []
        if isinstance(value, dict):
            for name, text in value.items():
                if isinstance(text, dict | list | bool):
                    self.problems.append(f"{where}.{name}: {text!r} is not a string")
                entries.append((str(name), None if text is None else self._fill(where, str(text))))
        else:
            pairs = [text.partition("=") for text in self._texts(where, value)]
            entries = [(name, text if separator else None) for name, separator, text in pairs]
        for name, text in entries:
            if not name or name != name.strip():
                self.problems.append(f"{where}: {name!r} is not the name of a variable")
            elif text is not None:
                yield name, text
            elif name in self.environ:
                yield name, self.environ[name]

    def _ports(self, where: str, value: Any) -> Iterator[Port]:
        for text in self._texts(where, value):
            found = PORT.fullmatch(text)
            if found is None or not all(0 < int(found[end]) < 65536 for end in ("host", "container")):
                self.problems.append(f"{where}: {text!r} is not ADDRESS:HOST:CONTAINER, ports below 65536")
            else:
                yield Port(found["address"] or "0.0.0.0", int(found["host"]), int(found["container"]))

    def _size(self, where: str, value: Any) -> int | None:
        if value is None:
            return None
        found = re.fullmatch(r"(\d{1,15})([a-z]*)", self._fill(where, str(value)).lower())
        if found is None or found[2] not in UNITS or int(found[1]) == 0:
            self.problems.append(f"{where}: {value!r} is not a size such as 256m")
            return None
        return int(found[1]) * UNITS[found[2]]

    def _fill(self, where: str, text: str) -> str:
        try:
            return fill(text, self.environ)
        except (ValueError, RecursionError) as error:
            self.problems.append(f"{where}: {text!r} {error}")
            return ""
