"""A measurement behind walls, and in a box, compared to one without."""

import os

from benchmarks.pairs import Comparison, medians, timed
from benchmarks.place import lab, scratch_workspace
from lab.sandbox import Level
from lab.sandbox.trial import VARIABLE

ROUNDS = 5


def walls() -> Comparison:
    """Compare `lab check` of the shipped lab behind walls and without."""
    return _compared("lab check", 0.3)


def box() -> Comparison:
    """Compare `lab check --box` with a measurement without walls."""
    return _compared("lab check --box", 1.0, "--box")


def _compared(name: str, allowed: float, *options: str) -> Comparison:
    with scratch_workspace() as (workspace, offset):
        lab(workspace, "up", "--port-offset", str(offset))

        def measured(level: Level, *words: str) -> float:
            os.environ[VARIABLE] = level
            return timed(lambda: lab(workspace, "check", *words, code=1))  # the bugs are present

        measured(Level.NONE)
        seconds = medians(lambda: measured(Level.BWRAP, *options), lambda: measured(Level.NONE), ROUNDS)
        del os.environ[VARIABLE]
    return Comparison(name, "lab check, no walls", *seconds, allowed=allowed, by_difference=True)
