"""What is found beside the bugs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Regression:
    """An answer that is not as it was: to `request`, the last of `requests`, the shortest way there.

    `where` is the member that differs, empty for the status.
    """

    route: str
    request: str
    where: str
    expected: str
    actual: str
    requests: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.request}: {where}expected {self.expected}, got {self.actual}"


@dataclass(frozen=True, slots=True)
class Beside:
    """What was found beside the bugs. `problem` says why nothing could be compared; empty if it was.

    `requests` were compared. `notes` are for a person; they are among those of the whole measurement.
    """

    requests: int = 0
    regressions: tuple[Regression, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
