"""What `status`, `url` and `doctor` print for people; `up` and `restart` print the status too."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from lab.cli.tables import Verbatim, coloured, table
from lab.operations.doctor import Check
from lab.operations.fix_status import FixStatus, State
from lab.operations.status import DatabaseStatus, ServiceStatus, Status
from lab.sentences import fixes_named

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

MIB = 2**20
STYLES = {"healthy": "green", "running": "green", "exited": "red", "unhealthy": "yellow"}


def status(report: Status) -> Iterator[RenderableType]:
    services = table("SERVICE", "STATE", "PORT", "MEMORY", "DETAIL", unwrapped=("SERVICE", "STATE", "PORT"))
    database = report.database
    port = database.where.partition("/")[0].rpartition(":")[2]
    state = "running" if database.running else "stopped"
    services.add_row("db", _state(state), port, "", _database_detail(database))
    for service in report.services:
        detail = _service_detail(service)
        services.add_row(service.name, _state(service.state), str(service.port), _memory(service), detail)
    yield services
    if report.fixes is not None and not report.fixes.database:
        yield from _fixes(report.fixes)
    for service in report.services:
        if service.foreground:
            where = f"lab run {service.name} (process {service.foreground})"
            yield f"\n{service.name} is in the foreground of a terminal, with its output: {where}."
    for service in report.crashed:
        if service.foreground:
            continue
        log = f" ({service.log})" if service.log else ""
        yield coloured(f"\n{service.name} has crashed. Its log: lab logs {service.name}{log}", "red")
    for service in report.services:
        if service.outdated:
            older = f"\n{service.name} was started from older code than the files have now."
            yield coloured(f"{older} Restart it: lab restart {service.name}", "yellow")
    for service in report.unresponsive:
        advice = f"Restart it: lab restart {service.name}"
        if service.foreground:
            advice = "It may be at a breakpoint."
        yield coloured(f"\n{service.name} does not answer. {advice}", "yellow")


def urls(found: Mapping[str, str]) -> Iterator[RenderableType]:
    width = max(map(len, ("SERVICE", *found)))
    yield coloured(f"{'SERVICE':<{width}}  URL", "bold")
    yield from (Verbatim(f"{name:<{width}}  {url}") for name, url in found.items())


def doctor(checks: Iterable[Check]) -> Iterator[RenderableType]:
    yield _Checks(tuple(checks))


@dataclass(frozen=True, slots=True)
class _Checks:
    """The table of `doctor`. On a terminal, a path without room in its column gets a line of its own."""

    checks: tuple[Check, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        names, results = max(map(len, ("CHECK", *(check.name for check in self.checks)))), len("optional")
        yield coloured(f"{'CHECK':<{names}}  {'RESULT':<{results}}  DETAIL", "bold")
        room = options.max_width - names - results - 4
        for check in self.checks:
            result, style = ("ok", "green") if check.ok else ("missing", "red")
            if not check.ok and not check.needed:
                result, style = "optional", "yellow"
            left = Text.assemble(f"{check.name:<{names}}  ", (f"{result:<{results}}  ", style))
            for line in _broken(check.detail, room) if console.is_terminal else [check.detail]:
                if len(line) <= room or not console.is_terminal:
                    yield left.append(line)
                else:
                    yield from [left] if left.plain.strip() else []
                    yield Text(line, no_wrap=True, overflow="ignore")
                left = Text(" " * (names + results + 4))


def _broken(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _state(state: str) -> RenderableType:
    return coloured(state, STYLES.get(state, "dim"))


def _database_detail(database: DatabaseStatus) -> str:
    if not database.running:
        return "start it: lab up"
    if database.problem:
        return database.problem
    count = "uncounted" if database.rows is None else f"{database.rows:,}"
    rows = f"{count} rows in {database.table}"
    size = f"{(database.size or 0) / MIB:.0f} MiB"
    return f"PostgreSQL {database.version}, revision {database.revision or 'none'}, {rows}, {size}"


def _memory(service: ServiceStatus) -> str:
    if service.memory is None:
        return ""
    limit = f" of {service.memory_limit // MIB}" if service.memory_limit else ""
    return f"{service.memory / MIB:.0f}{limit} MiB"


def _service_detail(service: ServiceStatus) -> str:
    if service.state == "exited":
        code = "" if service.exit_code is None else f"exit {service.exit_code}, "
        return code + _exit_reason(service)
    if service.container:
        return f"container {service.container}"
    if service.pid is None:
        return ""
    where = " in the foreground" if service.foreground else ""
    return f"process {service.pid}{where}" + (f"; {service.reason}" if service.reason else "")


def _exit_reason(service: ServiceStatus) -> str:
    if service.out_of_memory and service.memory_limit:
        reached = f"it reached {ceil(service.peak / MIB)} MiB, " if service.peak else ""
        return f"out of memory: {reached}its limit is {service.memory_limit / MIB:.0f} MiB"
    return service.reason or ""


def _fixes(found: FixStatus) -> Iterator[RenderableType]:
    applied = [str(fix.number) for fix in found.fixes if fix.state is State.PRESENT]
    partly = [str(fix.number) for fix in found.fixes if fix.state is State.MIXED]
    yield f"\nFixes applied: {', '.join(applied) or 'none'}."
    if partly:
        yield coloured(f"Mixed, only partly applied: {', '.join(partly)}. See why: lab fix status", "yellow")
    if found.interrupted:
        what = f"A change of {fixes_named(found.interrupted)} was interrupted."
        yield coloured(f"{what} Undo it: lab fix recover", "yellow")
