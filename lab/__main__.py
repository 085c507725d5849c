"""The command `lab`, which `python -m lab` runs too."""

import os
import sys

from lab.errors import INTERRUPTED


def main() -> int:
    """Run the command line and return its exit code, also when ^C comes while it is still being imported."""
    try:
        from lab.cli.main import main as command_line
    except KeyboardInterrupt:
        return INTERRUPTED
    return command_line()


if __name__ == "__main__":
    # Python puts the current folder first on its path. It is the candidate's: import nothing from it.
    if sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib is slow to import
        del sys.path[0]
    raise SystemExit(main())
