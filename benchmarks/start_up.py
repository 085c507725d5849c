"""The start of the command, before it does anything."""

import sys

from benchmarks.pairs import Comparison, medians, timed
from lab.shell import run

ROUNDS = 15


def start_up(option: str, allowed: float) -> Comparison:
    """Compare `lab OPTION` to the import of click, the one library that it needs."""

    def with_lab() -> float:
        return timed(lambda: run([sys.executable, "-m", "lab", option]))

    def bare() -> float:
        return timed(lambda: run([sys.executable, "-c", "import click"]))

    return Comparison(
        f"lab {option}", "python -c 'import click'", *medians(with_lab, bare, ROUNDS), allowed=allowed
    )
