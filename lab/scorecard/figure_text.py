"""Figures as text: the same words in a terminal, on a page and in every format."""

import math

from lab.probing.evidence import Figure


def figure_text(figure: Figure) -> str:
    """Return a figure with its name, its value, and its limit if it has one."""
    limit = "" if figure.limit is None else f" (at most {value_text(figure.limit, figure.unit)})"
    return f"{figure.name}: {value_text(figure.value, figure.unit)}{limit}"


def value_text(value: float | None, unit: str) -> str:
    """Return a value with its unit, and "not measured" for None."""
    if value is None:
        return "not measured"
    if not math.isfinite(value) or abs(value) >= 1e15:
        return f"{value:g} {unit}".rstrip()
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{number} {unit}".rstrip()


def short(ratio: float) -> str:
    """Return a ratio with two digits or more."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
