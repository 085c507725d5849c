"""What can keep a database from being filled: one sentence each, and the exit code of `python -m seed`."""

from typing import ClassVar


class SeedError(Exception):
    """The database was not filled, and nothing in it was changed."""

    exit_code: ClassVar[int] = 4


class WrongRows(SeedError):
    """The number of rows asked for cannot be made."""

    exit_code = 2


class AlreadyFilled(SeedError):
    """There are rows already: filling is for an empty database."""

    exit_code = 3


class Unreachable(SeedError):
    """Nobody answers at the URL, or the server refuses us, or goes away half-way."""


class NotMigrated(SeedError):
    """The tables are not there, or not as they are at the shipped head."""
