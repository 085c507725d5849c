"""Print the table of ratios; exit 1 when one is over what is allowed."""

import sys

from rich.console import Console
from rich.table import Table

from benchmarks.bring_up import bring_up, reset, seeding
from benchmarks.fixes import on_and_off
from benchmarks.pairs import Row
from benchmarks.start_up import start_up

BENCHMARKS = (
    lambda: start_up("--help"),
    lambda: start_up("--version"),
    bring_up,
    seeding,
    reset,
    on_and_off,
)


def main() -> int:
    rows = []
    for number, benchmark in enumerate(BENCHMARKS, start=1):
        print(f"{number} of {len(BENCHMARKS)} …", file=sys.stderr)
        row = benchmark()
        if row is None:
            print("left out: sqitch is not installed", file=sys.stderr)
        else:
            rows.append(row)
    Console(width=None if sys.stdout.isatty() else 160).print(_table(rows))
    return 0 if all(row.within for row in rows) else 1


def _table(rows: list[Row]) -> Table:
    table = Table("THE LAB", "THE BARE WORK", "LAB, s", "BARE, s", "COST", "ALLOWED", "", box=None)
    for row in rows:
        form = "+{:.2f} s" if row.by_difference else "{:.2f} times"
        cost, allowed = form.format(row.cost), form.format(row.allowed)
        mark = "ok" if row.within else "over"
        table.add_row(row.name, row.bare_name, f"{row.ours:.3f}", f"{row.bare:.3f}", cost, allowed, mark)
    return table


sys.exit(main())
