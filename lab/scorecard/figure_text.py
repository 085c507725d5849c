"""Figures as text: the same words in a terminal and on a page."""


def value_text(value: float | None, unit: str) -> str:
    """Return a value with its unit, and "not measured" for None."""
    if value is None:
        return "not measured"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{number} {unit}".rstrip()


def short(ratio: float) -> str:
    """Return a ratio with two digits or more."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
