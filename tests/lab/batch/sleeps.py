"""A program that starts another in its group, and waits for its end, or for that of its input."""

import os
import subprocess
import sys
from pathlib import Path

from lab.batch.child import run_child

UNTIL_INPUT_ENDS = "until-input-ends"


def main() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        pids = Path(sys.argv[1]) / "pids"
        pids.write_text(f"{os.getpid()} {child.pid}")
        if sys.argv[2:] == [UNTIL_INPUT_ENDS]:
            sys.stdin.read()
            child.kill()


def call(folder: str) -> None:
    """Run this program as `lab` does, for a test that kills the caller."""
    run_child(
        [__name__, folder, UNTIL_INPUT_ENDS], Path(folder) / "log", seconds=600, abandoned=lambda: False
    )


if __name__ == "__main__":
    main()
