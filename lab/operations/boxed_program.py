"""Run a trusted program of lab in a box: it starts a server and the candidate's walled code in there.

A box has a network of its own, so that walled code reaches nothing of this machine.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.library import PACKAGE
from lab.sandbox import UNBOUNDED, Means, Wall, walled

INSIDE = Path("/box/run")
"""The folder of the run, as the program sees it."""

VARIABLES = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}


@contextmanager
def program_in_box(
    module: str,
    library: Path,
    readable: Mapping[Path, Path],
    writable: Mapping[Path, Path],
    errors: Path,
    means: Means,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m MODULE INSIDE` in a box for the length of the block; then all in the box is killed.

    It sees the library, lab itself, and the folders that are named, each with its path inside. Its standard
    error goes to the file `errors`.
    """
    wall = Wall(
        readable={**{folder: folder for folder in (library, PACKAGE)}, **readable},
        writable=writable,
        empty=(INSIDE.parent,),
        environment={**VARIABLES, "PYTHONPATH": str(PACKAGE.parent)},
        nests=True,
    )
    command = walled([sys.executable, "-P", "-m", module, str(INSIDE)], wall, UNBOUNDED, means)
    with (
        errors.open("wb") as log,
        subprocess.Popen(
            command.argv,
            env=command.environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            process_group=0,
        ) as child,
    ):
        try:
            yield child
        finally:
            child.kill()  # the wall ends everything in it
            with suppress(OSError):  # what was not sent yet cannot be
                if child.stdin is not None:
                    child.stdin.close()


def give(folder: Path, means: Means) -> None:
    """Give the folder to the user that the box runs as."""
    if means.switches_user:
        subprocess.run(["chown", "-R", f"{means.uid}:{means.uid}", str(folder)], check=True)
