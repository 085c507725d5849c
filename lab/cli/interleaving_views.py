"""The order of concurrent requests as a diagram: a column for each request, a row for each moment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from lab.operations.demo import Event, Interleaving, What

HELD = "┆"
"""In a row of another request: this one is held by the gate, or waits."""


@dataclass(frozen=True, slots=True)
class Row:
    """One moment. `cells` has the lines of each request. If a gate opened, `released` are the requests."""

    cells: tuple[tuple[str, ...], ...] = ()
    released: tuple[int, ...] = ()


def rows(found: Interleaving) -> Iterator[Row]:
    """Return the diagram's rows, in order of time. Requests that are released together share one."""
    under_way: set[int] = set()
    released: list[int] = []
    for event in found.events:
        if event.what is What.RELEASED:
            released.append(event.request)
            continue
        if released:
            yield Row(released=tuple(released))
            released = []
        under_way.add(event.request)
        yield Row(cells=tuple(_cell(n, event, under_way) for n in range(1, len(found.requests) + 1)))
        if event.what is What.ANSWERED:
            under_way.discard(event.request)


def lines(found: Interleaving, width: int) -> Iterator[str]:
    """Return the diagram as lines of text that have at most `width` characters."""
    column = max(12, (width + 2) // len(found.requests) - 2)
    heads = [textwrap.wrap(f"{n} {name}", column) for n, name in enumerate(found.requests, 1)]
    yield from _beside(heads, column)
    for row in rows(found):
        if row.released:
            yield f"── {opened(row)} ".ljust(len(found.requests) * (column + 2) - 2, "─")
        else:
            cells = [[part for line in cell for part in textwrap.wrap(line, column)] for cell in row.cells]
            height = max(map(len, cells))
            yield from _beside([cell * height if cell == [HELD] else cell for cell in cells], column)


def opened(row: Row) -> str:
    """Say which requests go on."""
    numbers = " and ".join(map(str, row.released))
    return f"the gate opens: {numbers} {'go' if len(row.released) > 1 else 'goes'} on"


def _beside(columns: list[list[str]], width: int) -> Iterator[str]:
    for number in range(max(map(len, columns))):
        cells = [column[number] if number < len(column) else "" for column in columns]
        yield "  ".join(cell.ljust(width) for cell in cells).rstrip()


def _cell(number: int, event: Event, under_way: set[int]) -> tuple[str, ...]:
    if number == event.request:
        return tuple(_told(event))
    return (HELD,) if number in under_way else ()


def _told(event: Event) -> Iterator[str]:
    """Say what was seen, a line each: what the request has done since, and what it does now."""
    for done, tables in (
        ("has read", event.read),
        ("has locked rows of", event.locked),
        ("has written", event.written),
    ):
        if tables:
            yield f"{done} {', '.join(tables)}"
    if event.what is What.ANSWERED:
        yield f"answered {event.status or 'nothing'}"
    elif event.what is What.WAITS:
        other = str(event.waits_for or "a lock")
        yield f"waits for {other}: {event.statement}".rstrip(": ")
    elif event.what in {What.BEFORE_WRITE, What.AT_COMMIT}:
        yield f"held before {event.statement}"
    else:
        yield str(event.what)
