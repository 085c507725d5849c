"""Bars that show figures beside their limits. Every limit is at the same place, so that the eye finds it."""

from dataclasses import dataclass

from lab.probing.evidence import Figure
from lab.scorecard.figure_text import short, value_text

LIMIT_AT = 100
WIDTH = 150
"""A bar that would be longer than this is cut, and drawn with a break."""


@dataclass(frozen=True, slots=True)
class Bar:
    """How far a value reaches: at `LIMIT_AT` it is the limit. `is_cut`: it is longer than there is room."""

    length: float
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure as a row of a table: texts, and a bar if it has a limit.

    `ratio` says how much of its limit the value takes. `before` is the value of the shipped code, with a bar
    too; empty and None if it is not known.
    """

    name: str
    value: str
    limit: str = ""
    ratio: str = ""
    within: bool = True
    bar: Bar | None = None
    before: str = ""
    bar_before: Bar | None = None


def row_of(figure: Figure, before: float | None = None) -> FigureRow:
    """Return the row of a figure. `before` is the value of the shipped code, None if it is not known."""
    was = "" if before is None else value_text(before, figure.unit)
    value = value_text(figure.value, figure.unit)
    limit = figure.limit
    if limit is None:
        return FigureRow(figure.name, value, before=was)
    return FigureRow(
        figure.name,
        value,
        value_text(limit, figure.unit),
        _ratio(figure.value, limit),
        figure.within,
        _bar(figure.value, limit),
        was,
        None if before is None else _bar(before, limit),
    )


def _bar(value: float, limit: float) -> Bar | None:
    """Return the bar; None if the limit is 0: nothing can be shown as a part of it."""
    if limit <= 0:
        return None
    share = LIMIT_AT * value / limit
    return Bar(round(min(max(share, 0), WIDTH), 1), share > WIDTH)


def _ratio(value: float, limit: float) -> str:
    """Return the value in parts of its limit: percent up to it, times beyond it."""
    if limit <= 0:
        return ""
    ratio = value / limit
    return f"{ratio:.0%}".replace("%", " %") if ratio < 1.1 else f"{short(ratio)} ×"
