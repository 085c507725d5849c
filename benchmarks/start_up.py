"""What every command pays before it does anything."""

import sys

from benchmarks.pairs import Row, in_turn, timed
from lab.shell import run

ROUNDS = 15


def start_up(option: str) -> Row:
    """`lab OPTION` against importing the one library that it must load."""

    def ours() -> float:
        return timed(lambda: run([sys.executable, "-m", "lab", option]))

    def bare() -> float:
        return timed(lambda: run([sys.executable, "-c", "import click"]))

    return Row(f"lab {option}", "python -c 'import click'", *in_turn(ours, bare, ROUNDS), allowed=2.0)
