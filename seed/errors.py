"""The errors of the seed. `exit_code` is the exit code of `python -m seed`."""

from typing import ClassVar


class SeedError(Exception):
    """The database was not seeded and is unchanged."""

    exit_code: ClassVar[int] = 4


class WrongRows(SeedError):
    """The number of rows is out of range."""

    exit_code = 2


class AlreadyFilled(SeedError):
    """The database is not empty."""

    exit_code = 3


class Unreachable(SeedError):
    """The server cannot be reached or refuses the connection, or the connection was lost."""


class NotMigrated(SeedError):
    """A table or a column of the shipped head is missing."""
