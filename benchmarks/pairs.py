"""Time two things in turn, so that a machine whose speed drifts is the same machine to both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Medians in seconds of the lab's way and of the bare one, and what the lab's may cost at most.

    `allowed` is a factor, or with `by_difference` a number of seconds on top.
    """

    name: str
    bare_name: str
    ours: float
    bare: float
    allowed: float
    by_difference: bool = False

    @property
    def cost(self) -> float:
        return self.ours - self.bare if self.by_difference else self.ours / self.bare

    @property
    def within(self) -> bool:
        return self.cost <= self.allowed


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(ours: Callable[[], float], bare: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The medians of both over so many rounds; each callable times itself and answers in seconds."""
    figures = [(ours(), bare()) for _ in range(rounds)]
    return statistics.median(f[0] for f in figures), statistics.median(f[1] for f in figures)
