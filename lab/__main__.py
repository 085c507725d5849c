"""The entry point of the command `lab` and of `python -m lab`."""

import os
import sys

from lab.errors import INTERRUPTED


def main() -> int:
    """Run the command line and return its exit code. ^C gives 130 even while modules are being imported."""
    try:
        from lab.cli.main import main as command_line
    except KeyboardInterrupt:
        return INTERRUPTED
    return command_line()


if __name__ == "__main__":
    # Python searches the current folder first. It may be the candidate's: import nothing from there.
    if sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib is slow to import
        del sys.path[0]
    raise SystemExit(main())
