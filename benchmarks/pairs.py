"""Time two callables in turn, so that a change of the machine's speed affects both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """The median times of lab and of the bare work in seconds, and the most that lab may cost.

    `allowed` is a factor of the bare time, or with `by_difference` the seconds on top of it.
    """

    name: str
    bare_name: str
    lab: float
    bare: float
    allowed: float
    by_difference: bool = False

    @property
    def cost(self) -> float:
        return self.lab - self.bare if self.by_difference else self.lab / self.bare

    @property
    def within(self) -> bool:
        return self.cost <= self.allowed


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians(lab: Callable[[], float], bare: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Call both in turn, `rounds` times. Returns the median of the seconds that each returned."""
    figures = [(lab(), bare()) for _ in range(rounds)]
    return statistics.median(f[0] for f in figures), statistics.median(f[1] for f in figures)
