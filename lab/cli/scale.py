"""One scale for the bars of a figure before and after a fix."""

from dataclasses import dataclass
from math import ceil, log10

LOG_FROM = 100
"""From this ratio of the larger to the smaller value on, the scale is logarithmic."""

EIGHTHS = "▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale from `low` to `high`. A linear one starts at 0, a log scale at 1 or below."""

    low: float
    high: float
    log: bool

    @property
    def name(self) -> str:
        return "log scale" if self.log else "linear"

    @property
    def start(self) -> str:
        return f"from {self.low:,g}"

    def share(self, value: float | None) -> float:
        """Return how much of the scale the value takes, from 0 to 1."""
        if value is None or value <= self.low or self.high <= self.low:
            return 0.0
        if self.log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def bar(self, value: float | None, width: int) -> str:
        """Return the value as a bar of at most `width` characters. A value above `low` is never empty."""
        eighths = round(self.share(value) * width * 8) or (1 if self.share(value) else 0)
        full, rest = divmod(eighths, 8)
        return "█" * full + (EIGHTHS[rest - 1] if rest else "")


def scale_of(*values: float | None) -> Scale:
    """Return the scale for these values, None being a value that was not measured."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0), max(known, default=0)
    if low > 0 and high / low >= LOG_FROM:
        return Scale(1 if low >= 2 else 10.0 ** (ceil(log10(low)) - 1), high, log=True)
    return Scale(0, high, log=False)
