"""Print the table of comparisons. Exit with 1 if one costs more than it may."""

import sys

from rich.console import Console
from rich.table import Table

from benchmarks.bring_up import bring_up, reset, seeding
from benchmarks.fixes import apply_and_revert
from benchmarks.grading import two_jobs
from benchmarks.pairs import Comparison
from benchmarks.start_up import start_up
from benchmarks.walls import box, walls

BENCHMARKS = (
    lambda: start_up("--help", allowed=2.0),
    lambda: start_up("--version", allowed=1.5),
    bring_up,
    seeding,
    reset,
    apply_and_revert,
    walls,
    box,
    two_jobs,
)


def main() -> int:
    found = []
    for number, benchmark in enumerate(BENCHMARKS, start=1):
        print(f"{number} of {len(BENCHMARKS)} …", file=sys.stderr)
        comparison = benchmark()
        if comparison is None:
            print("left out: it needs sqitch, or two cores", file=sys.stderr)
        else:
            found.append(comparison)
    Console(width=None if sys.stdout.isatty() else 160).print(_table(found))
    return 0 if all(one.within for one in found) else 1


def _table(comparisons: list[Comparison]) -> Table:
    table = Table("LAB", "BARE WORK", "LAB, s", "BARE, s", "COST", "ALLOWED", "", box=None)
    for one in comparisons:
        form = "+{:.2f} s" if one.by_difference else "{:.2f} times"
        cost, allowed = form.format(one.cost), form.format(one.allowed)
        result = "ok" if one.within else "over"
        table.add_row(one.name, one.bare_name, f"{one.lab:.3f}", f"{one.bare:.3f}", cost, allowed, result)
    return table


sys.exit(main())
