"""Results as a person reads them: typed values in, rich renderables out. Nothing here looks anything up."""

from collections.abc import Iterable, Mapping
from math import ceil
from shlex import quote

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.operations.doctor import Check
from lab.operations.down import Down
from lab.operations.fix_status import FixStatus, State
from lab.operations.reset import Reset
from lab.operations.restore_code import RestoredCode
from lab.operations.status import DatabaseStatus, ServiceStatus, Status
from lab.operations.up import Up

MIB = 2**20
UNBROKEN = ("SERVICE", "STATE", "PORT", "CHECK")
"""Columns of names and the like, which a narrow terminal must not fold."""
STYLES = {"healthy": "green", "running": "green", "exited": "red", "unhealthy": "yellow"}


def up(done: Up) -> RenderableType:
    made = "made and " if done.seeded else ""
    return Group(status(done.status), Text(f"\nThe lab was {made}brought up in {done.seconds:.1f} s."))


def down(done: Down) -> RenderableType:
    stopped = [*done.services, *(["the database"] if done.database else [])]
    said = f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running."
    data = "The data is deleted." if done.destroyed else "The data stays: lab up brings it back."
    if done.left:
        data = f"The data here is deleted; {done.left} does not answer: what the lab made there stays."
    return Text(f"{said} {data}")


def reset(done: Reset) -> RenderableType:
    lines = [f"The database is as seeded, at revision {done.revision} ({done.seconds:.2f} s)."]
    if done.fixes:
        lines.append(f"Still applied: fix {', '.join(map(str, done.fixes))}.")
    if done.code is not None:
        lines.append(_restored(done.code))
    return Text("\n".join(lines))


def _restored(code: RestoredCode) -> str:
    if code.patch is None:
        return "The code was as shipped already."
    files = ", ".join(map(str, code.changed))
    return f"The shipped code is back: {files}.\nThe edits are kept: git apply {quote(str(code.patch))}"


def status(report: Status) -> RenderableType:
    table = _table("SERVICE", "STATE", "PORT", "MEMORY", "DETAIL")
    database = report.database
    state = "running" if database.running else "stopped"
    port = database.where.partition("/")[0].rpartition(":")[2]
    table.add_row("db", _state(state), port, "", _database_detail(database))
    for service in report.services:
        table.add_row(
            service.name, _state(service.state), str(service.port), _memory(service), _detail(service)
        )
    return Group(table, *_fixes(report.fixes), *_crashes(report.crashed), *_silences(report.unresponsive))


def urls(found: Mapping[str, str]) -> RenderableType:
    table = _table("SERVICE", "URL")
    for name, url in found.items():
        table.add_row(name, url)
    return table


def doctor(checks: Iterable[Check]) -> RenderableType:
    table = _table("CHECK", "", "FOUND")
    for check in checks:
        mark = Text("ok", "green") if check.ok else Text("no", "red" if check.needed else "yellow")
        table.add_row(check.name, mark, check.detail)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in UNBROKEN)
    return table


def _state(state: str) -> Text:
    return Text(state, STYLES.get(state, "dim"))


def _database_detail(database: DatabaseStatus) -> str:
    if not database.running:
        return "start it: lab up"
    if database.problem:
        return database.problem
    rows = "execution logs not counted" if database.rows is None else f"{database.rows:,} execution logs"
    size = f"{(database.size or 0) / MIB:.0f} MiB"
    return f"PostgreSQL {database.version}, revision {database.revision or 'none'}, {rows}, {size}"


def _memory(service: ServiceStatus) -> str:
    if service.memory is None:
        return ""
    limit = f" of {service.memory_limit // MIB}" if service.memory_limit else ""
    return f"{service.memory / MIB:.0f}{limit} MiB"


def _detail(service: ServiceStatus) -> str:
    if service.state == "exited":
        code = "" if service.exit_code is None else f"exit {service.exit_code}, "
        return code + _reason(service)
    if service.container and service.state != "exited":
        return f"container {service.container}"
    if service.pid is None:
        return ""
    return f"process {service.pid}" + (f"; {service.reason}" if service.reason else "")


def _reason(service: ServiceStatus) -> str:
    if service.out_of_memory and service.memory_limit:
        reached = f"it reached {ceil(service.peak / MIB)} MiB, " if service.peak else ""
        return f"out of memory: {reached}its limit is {service.memory_limit / MIB:.0f} MiB"
    return service.reason or ""


def _fixes(found: FixStatus | None) -> list[Text]:
    """Which are on, and which are half on; nothing where the database does not tell."""
    if found is None or found.database:
        return []
    applied = [str(fix.number) for fix in found.fixes if fix.state is State.PRESENT]
    mixed = [str(fix.number) for fix in found.fixes if fix.state is State.MIXED]
    lines = [Text(f"\nFixes applied: {', '.join(applied) or 'none'}.")]
    if mixed:
        lines.append(Text(f"Mixed: {', '.join(mixed)}. Code and schema apart: lab fix status", "yellow"))
    return lines


def _silences(silent: Iterable[ServiceStatus]) -> list[Text]:
    return [
        Text(f"\n{s.name} does not answer. Start it anew: lab restart {s.name}", "yellow") for s in silent
    ]


def _crashes(crashed: Iterable[ServiceStatus]) -> list[Text]:
    return [Text(f"\n{s.name} has crashed. Its log: lab logs {s.name}{_place(s)}", "red") for s in crashed]


def _place(service: ServiceStatus) -> str:
    return f" ({service.log})" if service.log else ""
