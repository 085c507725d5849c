"""The exceptions of `lab`: each has a message, a remedy and the exit code of the command that it ends.

LabError                     1  the operation failed
├── UsageError               2  wrong usage
│   └── InvalidFile          2  a file that lab reads is wrong: all mistakes in one report
├── Refused                  3  refused, so that nothing is lost
│   └── Locked               3  another lab holds the lock
└── EnvironmentFault         4  the machine, the database or a service failed
    ├── PortTaken            4
    ├── DatabaseUnreachable  4
    └── TimedOut             4

As in a shell, ^C ends a command with 130, and a closed pipe at its output with 141.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INTERRUPTED = 130
"""The exit code after ^C: 128 + SIGINT."""


class LabError(Exception):
    """An error that the user can act on: `message` says what failed, `remedy` what to do (may be empty)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        # A message that quotes lines of code already ends with a line break.
        return f"{self.message}{'' if self.message.endswith(chr(10)) else ' '}{self.remedy}".strip()


class UsageError(LabError):
    """A command, an argument or an environment variable is not valid."""

    exit_code = 2


class InvalidFile(UsageError):
    """A file cannot be used. `problems` lists all mistakes that were found, most as `key: what is wrong`."""

    def __init__(self, path: Path, problems: Sequence[str], remedy: str = "") -> None:
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{path} cannot be used:{listed}", remedy)
        self.path = path
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}".strip()


class Refused(LabError):
    """The operation would lose something or end half done, so it was not begun or was undone."""

    exit_code = 3


class Locked(Refused):
    """Another `lab` is changing this workspace or its database."""


class EnvironmentFault(LabError):
    """The request is valid, but the machine, the database or a service failed."""

    exit_code = 4


class PortTaken(EnvironmentFault):
    """Another process listens on a port that the lab needs."""


class DatabaseUnreachable(EnvironmentFault):
    """No connection to the database could be opened."""


class TimedOut(EnvironmentFault):
    """A command, a statement or a wait for a lock did not end before its deadline."""
