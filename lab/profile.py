"""The profile of a system under repair: what lab must know of it, read once from the library's lab.toml."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from string import Formatter
from typing import Any, TypeGuard

from lab.errors import InvalidFile
from lab.sentences import unknown_key
from lab.workspace import Workspace

NAME = re.compile(r"[a-z][a-z0-9-]*")
TABLE = re.compile(r"[a-z_][a-z0-9_]*")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
SIZE = re.compile(r"(\d{1,15})([kmg])", re.I)
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}
MOST_REPLICAS = 8
NO_CODE = frozenset({".git", ".lab", ".venv", "fixes", "probes"})
NOT_RUN = frozenset({"compose", "migrations", "seed"})
"""The folders of the code whose files no service imports."""


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """A service of the compose file that runs the code under repair.

    `port` is the compose file's variable with its published port. A measurement starts `replicas` instances,
    each with at most `memory_limit` bytes (None: the compose file's limit).
    """

    name: str
    port: str
    replicas: int = 1
    memory_limit: int | None = None

    @property
    def instances(self) -> tuple[str, ...]:
        """The names of its instances in a measurement: `name`, `name-2`, and so on."""
        return (self.name, *(f"{self.name}-{number}" for number in range(2, self.replicas + 1)))


@dataclass(frozen=True, slots=True)
class SeedProfile:
    """How the migrated, empty database is filled.

    `command` is run in the library's folder, with LAB_DATABASE_URL set, and with numbers for `{rows}` and
    `{seed}`. `rows` is the default number, `most_rows` the highest. `noun` is what the rows are.
    """

    command: tuple[str, ...]
    rows: int
    most_rows: int
    noun: str = "rows"


@dataclass(frozen=True, slots=True)
class TopUp:
    """The rows that symptoms need: `command` adds rows to `table` of a copy that has fewer than `rows`."""

    table: str
    rows: int
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A system under repair. `folders` and `files` are its code; `lab status` counts the rows of `table`.

    `extra_files` are what a new workspace gets besides.
    """

    folders: tuple[str, ...]
    files: tuple[str, ...]
    services: tuple[ServiceProfile, ...]
    seed: SeedProfile
    table: str
    top_up: TopUp | None = None
    extra_files: tuple[str, ...] = ()

    @property
    def service_names(self) -> tuple[str, ...]:
        return tuple(service.name for service in self.services)

    def service_of(self, path: PurePath) -> str | None:
        """Return the service in whose own folder the file is: one of its name, with `_` for `-`."""
        folders = {name.replace("-", "_"): name for name in self.service_names}
        return next((folders[part] for part in path.parts[:-1] if part in folders), None)

    def runs(self, service: str, path: PurePath) -> bool:
        """Return whether the service may run this file of the code: it is in no other service's folder."""
        return path.parts[0] not in NOT_RUN and self.service_of(path) in (None, service)

    @property
    def port_variables(self) -> Mapping[str, str]:
        """The compose file's port variables, by service."""
        return {service.name: service.port for service in self.services}


def read_profile(path: Path) -> Profile:
    """Read a lab.toml.

    Raises:
        InvalidFile: it cannot be read or used. The message lists every mistake.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidFile(path, [str(error)]) from error
    problems: list[str] = []
    found = _profile(_Table("", document, problems))
    if problems:
        raise InvalidFile(path, problems)
    return found


def profile_of(workspace: Workspace) -> Profile:
    """Return the profile of the workspace's library. Raises InvalidFile: its lab.toml cannot be used."""
    return read_profile(workspace.library.profile)


class _Table:
    """One table of the file. Every value that cannot be used adds a line to `problems`."""

    def __init__(self, name: str, content: object, problems: list[str]) -> None:
        self.name = name
        self.problems = problems
        self.content: dict[str, Any] = content if isinstance(content, dict) else {}
        self.known: list[str] = []
        if not isinstance(content, dict):
            self.wrong("", "a table is expected")

    def wrong(self, key: str, what: str) -> None:
        place = ".".join(filter(None, (self.name, key)))
        self.problems.append(f"{place}: {what}" if place else what)

    def table(self, key: str) -> "_Table":
        self.known.append(key)
        name = ".".join(filter(None, (self.name, key)))
        if key not in self.content:
            self.wrong(key, "missing")
        return _Table(name, self.content.get(key, {}), self.problems)

    def text(self, key: str, form: re.Pattern[str] | None = None, default: str | None = None) -> str:
        value = self._value(key, default)
        if value is None:
            return ""
        if not _is_text(value) or (form is not None and not form.fullmatch(value)):
            self.wrong(
                key, "a text is expected" if form is None else f"{value!r} is not of the form {form.pattern}"
            )
            return ""
        return value

    def number(self, key: str, most: int, default: int | None = None) -> int:
        value = self._value(key, default)
        if value is None:
            return 1
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            self.wrong(key, f"a number from 1 to {most:,} is expected")
            return 1
        return value

    def texts(self, key: str, *, may_be_missing: bool = False) -> tuple[str, ...]:
        value = self._value(key, [] if may_be_missing else None)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(map(_is_text, value)):
            self.wrong(key, "a list of texts is expected")
            return ()
        if not value and not may_be_missing:
            self.wrong(key, "is empty")
        return tuple(value)

    def command(self, key: str, *placeholders: str) -> tuple[str, ...]:
        """Return the words of a command, in which the placeholders `{name}` may be."""
        words = self.texts(key)
        for word in words:
            try:
                if any(form or conversion for _, _, form, conversion in Formatter().parse(word)):
                    raise ValueError
                word.format(**dict.fromkeys(placeholders, 0))
            except (LookupError, ValueError, AttributeError, TypeError):
                known = " and ".join(f"{{{name}}}" for name in placeholders)
                self.wrong(key, f"{word!r}: the placeholders are {known}; write other braces twice")
        return words

    def size(self, key: str) -> int | None:
        self.known.append(key)
        value = self.content.get(key)
        if value is None:
            return None
        match = SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[1]) == 0:
            self.wrong(key, f"{value!r} is not a size such as 256m")
            return None
        return int(match[1]) * UNITS[match[2].lower()]

    def no_others(self) -> None:
        """Report every key that was not asked for."""
        for key in self.content.keys() - set(self.known):
            self.wrong(key, unknown_key(key, self.known))

    def _value(self, key: str, default: Any) -> Any:
        self.known.append(key)
        if key not in self.content and default is None:
            self.wrong(key, "missing")
        return self.content.get(key, default)


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a text that is not empty and has no control character, such as a line end."""
    return isinstance(value, str) and value.isprintable() and bool(value)


def _profile(document: _Table) -> Profile:
    code, services, seed = document.table("code"), document.table("services"), document.table("seed")
    status = document.table("status")
    found = Profile(
        folders=code.texts("folders"),
        files=code.texts("files", may_be_missing=True),
        services=tuple(_service(services, name) for name in services.content),
        seed=SeedProfile(
            command=seed.command("command", "rows", "seed"),
            rows=seed.number("rows", 10**9),
            most_rows=seed.number("most_rows", 10**9),
            noun=seed.text("noun", default="rows"),
        ),
        table=status.text("table", TABLE),
        top_up=_top_up(document),
        extra_files=_extra_files(document),
    )
    if not found.services:
        services.wrong("", "at least one service is expected")
    if found.seed.rows > found.seed.most_rows:
        seed.wrong("rows", "more than most_rows")
    _require_relative(code, "folders", (*found.folders, *found.files))
    for key, names, needed in (
        ("folders", found.folders, ("app", "compose", "migrations")),
        ("files", found.files, ("alembic.ini",)),
    ):
        if missing := [name for name in needed if name not in names]:
            code.wrong(key, f"lacks {', '.join(missing)}")
    for table in (code, seed, status, document):
        table.no_others()
    return found


def _service(services: _Table, name: str) -> ServiceProfile:
    table = services.table(name)
    if not NAME.fullmatch(name):
        services.wrong(name, "a service's name has a-z, 0-9 and - in it")
    found = ServiceProfile(
        name,
        port=table.text("port", VARIABLE),
        replicas=table.number("replicas", MOST_REPLICAS, default=1),
        memory_limit=table.size("memory_limit"),
    )
    table.no_others()
    return found


def _top_up(document: _Table) -> TopUp | None:
    if "measurement" not in document.content:
        document.known.append("measurement")
        return None
    table = document.table("measurement")
    found = TopUp(table.text("table", TABLE), table.number("rows", 10**9), table.command("command", "rows"))
    table.no_others()
    return found


def _extra_files(document: _Table) -> tuple[str, ...]:
    if "workspace" not in document.content:
        document.known.append("workspace")
        return ()
    table = document.table("workspace")
    found = table.texts("files")
    _require_relative(table, "files", found)
    table.no_others()
    return found


def _require_relative(table: _Table, key: str, names: tuple[str, ...]) -> None:
    for name in names:
        parts = Path(name).parts
        if Path(name).is_absolute() or ".." in parts or not parts:
            table.wrong(key, f"{name!r} is not a path in the workspace")
        elif parts[0] in NO_CODE:
            table.wrong(key, f"{name!r} is not code under repair")
