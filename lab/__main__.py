"""The command `lab`, also as `python -m lab`."""

import sys
from pathlib import Path

from lab.errors import INTERRUPTED


def main() -> int:
    """Open the front door; ^C while it is still loading ends as quietly as later."""
    try:
        from lab.cli.main import main as front_door
    except KeyboardInterrupt:
        return INTERRUPTED
    return front_door()


if __name__ == "__main__":
    # Python puts the current folder first: it is the candidate's, and no place for us to import from.
    if sys.path[0] in ("", str(Path.cwd())):
        del sys.path[0]
    raise SystemExit(main())
