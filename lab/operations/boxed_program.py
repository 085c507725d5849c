"""Run a trusted program of lab in a box: it starts a server and the candidate's walled code in there.

A box has a network of its own, so that walled code reaches nothing of this machine.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from lab.errors import EnvironmentFault
from lab.files import change_owner
from lab.json_files import from_json, to_json
from lab.library import PACKAGE
from lab.progress import Progress, Update
from lab.runtime.log_files import tail
from lab.sandbox import UNBOUNDED, Means, Wall, own_code, walled
from lab.shell import signal_name

INSIDE = Path("/box/run")
"""The folder of the run, as the program sees it."""

VARIABLES = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Message(Generic[R]):
    """One line of the program's output: its progress, why it failed, or a result."""

    text: str = ""
    done: int = 0
    total: int = 0
    problem: str = ""
    result: R | None = None


@dataclass(frozen=True, slots=True)
class BoxedProgram:
    """A program that runs in a box. `errors` has its standard error; `failure` is told if it fails."""

    child: "subprocess.Popen[bytes]"
    errors: Path
    failure: str
    progress: Progress

    def listen(self, kind: type[R]) -> R:
        """Report the program's progress, and return the result that it tells next, which is of this kind.

        Raises EnvironmentFault: it failed.
        """
        assert self.child.stdout is not None
        problem = ""
        for line in self.child.stdout:
            with suppress(ValueError):
                said = from_json(line, Message[kind])  # type: ignore[valid-type]
                if said.result is not None:
                    return said.result
                if problem := said.problem:
                    break
                self.progress(Update(said.text, said.done, said.total))
        raise EnvironmentFault(f"{self.failure}: {problem or self._reason()}")

    def _reason(self) -> str:
        """Return why the program told no result: a signal, the last line of its errors, or its exit code."""
        code = own_code(self.child.wait())  # the wall itself keeps the output open as long as it stands
        if code < 0:
            return f"it was ended by {signal_name(-code)}"
        return (tail(self.errors, 1) or [f"it ended with exit code {code}"])[-1]


def tell(said: Message[Any]) -> None:
    """Print the message: called in the box."""
    sys.stdout.write(f"{to_json(said, indent=0)}\n")
    sys.stdout.flush()


def tell_progress(update: Update) -> None:
    """Print how far the program is: called in the box."""
    tell(Message(update.text, update.done, update.total))


@contextmanager
def program_in_box(
    module: str,
    library: Path,
    readable: Mapping[Path, Path],
    writable: Mapping[Path, Path],
    errors: Path,
    means: Means,
    failure: str,
    progress: Progress,
) -> Iterator[BoxedProgram]:
    """Run `python -m MODULE INSIDE` in a box for the length of the block; then all in the box is killed.

    It sees the library, lab itself, and the folders that are named, each with its path inside. Its standard
    error goes to the file `errors`. `failure` is what is said, before the reason, if it fails.
    """
    wall = Wall(
        readable={**{folder: folder for folder in (library, PACKAGE)}, **readable},
        writable=writable,
        empty=(INSIDE.parent,),
        environment={**VARIABLES, "PYTHONPATH": str(PACKAGE.parent)},
        nests=True,
    )
    words = [sys.executable, "-P", "-X", "faulthandler", "-m", module, str(INSIDE)]
    command = walled(words, wall, UNBOUNDED, means)
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
            yield BoxedProgram(child, errors, failure, progress)
        finally:
            child.kill()  # the wall ends everything in it
            with suppress(OSError):  # what was not sent yet cannot be
                if child.stdin is not None:
                    child.stdin.close()


def give_to_box(folder: Path, means: Means) -> None:
    """Give the folder to the user that the box runs as. Raises OSError."""
    if means.switches_user:
        change_owner(folder, means.uid)
