"""What a run of migrations did, as values: each statement, and why the run failed."""

from dataclasses import dataclass

from lab.errors import LabError

LONGEST = 4000
"""Characters of a statement's text that are kept."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement of a migration did, as the server said right after it.

    sql: the beginning of its text. file, line: of the innermost frame in a revision; empty and 0 if there is
    none. state: the SQLSTATE of an error, empty without one. rows: those that it returned or changed, as
    psycopg2 says. bounded: a lock or statement timeout was set. transaction: the open one's id; empty if the
    server was not asked after it. locks: OID and mode of those that it holds and that stop writers. tables:
    OID, name, and the rows that it has read and written so far. rewritten: tables that have got another file
    since the statement before.
    """

    sql: str
    file: str
    line: int
    seconds: float
    state: str
    in_transaction: bool
    rows: int = 0
    bounded: bool = True
    transaction: str = ""
    locks: tuple[tuple[int, str], ...] = ()
    tables: tuple[tuple[int, str, int, int], ...] = ()
    rewritten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why migrations failed: the reason, and file, line and SQLSTATE where they are known.

    `late`: they had not ended in time.
    """

    reason: str
    file: str = ""
    line: int = 0
    state: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """The statements of one run, in order, and why it failed, if it did."""

    statements: tuple[Statement, ...]
    failure: Failure | None = None


class MigrationFailed(LabError):
    """The candidate's code failed, as `failure` says."""

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure
