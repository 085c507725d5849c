"""`python -m seed`: seed the database from the command line, as the compose job does."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import seed

DESCRIPTION = """\
Seed the lab's migrated, empty database. The same --rows and --seed give the same rows, byte for byte.
The database is the one that alembic uses: LAB_DATABASE_URL or, if that is not set, the lab's."""

EXAMPLE = """\
example:
  python -m seed --rows 10000

exit codes:
  0 seeded, 2 wrong usage, 3 the database has rows already, 4 it cannot be reached or is not migrated"""

BAR = 30


class Parser(argparse.ArgumentParser):
    """Reports a usage error in one sentence, without the usage text."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    wanted = parser().parse_args(argv)
    # Imported here because alembic is slow to load, and --help and usage errors don't need it.
    from alembic.util import CommandError

    from migrations.database import database_url

    try:
        url = database_url().render_as_string(hide_password=False)
        filled = seed.fill(url, rows=wanted.rows, seed=wanted.seed, progress=reporter())
    except seed.AlreadyFilled as error:
        print(error, file=sys.stderr)
        return 0 if wanted.if_empty else error.exit_code
    except seed.SeedError as error:
        print(f"python -m seed: {error}", file=sys.stderr)
        return error.exit_code
    except CommandError as error:
        print(f"python -m seed: {error}", file=sys.stderr)
        return seed.Unreachable.exit_code
    except KeyboardInterrupt:
        print("Interrupted: the database has either all of the rows or none of them.", file=sys.stderr)
        return 130
    print(
        f"Filled in {filled.seconds:.1f} s: {filled.devices} devices, {filled.workflows} workflows, "
        f"{filled.samples} samples, {filled.logs:,} execution logs."
    )
    return 0


def parser() -> Parser:
    this = Parser(
        prog="python -m seed",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    this.add_argument(
        "--rows", type=rows, default=500_000, metavar="N", help="number of execution logs (default: 500000)"
    )
    this.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the random logs (default: 1)")
    this.add_argument(
        "--if-empty", action="store_true", help="if the database has rows, leave it unchanged and exit with 0"
    )
    return this


def rows(text: str) -> int:
    """Parse the value of `--rows`."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= seed.MOST_ROWS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows from 1 to {seed.MOST_ROWS:,}.")
    return number


def reporter() -> Callable[[int, int], None]:
    return draw_bar if sys.stderr.isatty() else print_tenths()


def draw_bar(done: int, total: int) -> None:
    filled = BAR * done // total
    end = "\n" if done == total else ""
    bar = "#" * filled + "." * (BAR - filled)
    print(f"\r[{bar}] {done:,} of {total:,} rows", end=end, file=sys.stderr, flush=True)


def print_tenths() -> Callable[[int, int], None]:
    """Return a reporter for log files: it prints one line per tenth of the rows."""
    reached = 0

    def report(done: int, total: int) -> None:
        nonlocal reached
        tenths = 10 * done // total
        if tenths > reached:
            reached = tenths
            print(f"{done:,} of {total:,} rows", file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main())
