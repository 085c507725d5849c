"""One error tree: what could not be done, what to do next, and the exit code of each kind.

LabError                     1  the thing asked about failed
├── UsageError               2  wrong usage
│   └── InvalidFile          2  a file that lab reads is wrong: every mistake in one report
├── Refused                  3  refused so that nothing is lost
│   └── Locked               3  another lab holds the lock
└── EnvironmentFault         4  the machine, the database or a service is in the way
    ├── PortTaken            4
    ├── DatabaseUnreachable  4
    └── TimedOut             4

^C ends a command with 130, and a reader of its output that goes away with 141, as a shell has it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

INTERRUPTED = 130


class LabError(Exception):
    """Something that a person can act on: one sentence, then what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        # A message that shows lines of code ends its last one.
        return f"{self.message}{'' if self.message.endswith(chr(10)) else ' '}{self.remedy}".strip()


class UsageError(LabError):
    """The command was asked for something that it cannot mean."""

    exit_code = 2


class InvalidFile(UsageError):
    """A file is wrong; `problems` lists every mistake, each as `key: what is wrong`."""

    def __init__(self, path: Path, problems: Sequence[str], remedy: str = "") -> None:
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{path} cannot be used:{listed}", remedy)
        self.path = path
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}".strip()


class Refused(LabError):
    """Doing it would lose something or leave a half: nothing was touched."""

    exit_code = 3


class Locked(Refused):
    """Another `lab` is changing this workspace."""


class EnvironmentFault(LabError):
    """The machine, the database or a service is in the way, not the request."""

    exit_code = 4


class PortTaken(EnvironmentFault):
    """Somebody else listens on a port that the lab needs."""


class DatabaseUnreachable(EnvironmentFault):
    """No connection to the database could be made."""


class TimedOut(EnvironmentFault):
    """A command or a service did not finish before its deadline."""
