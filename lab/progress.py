"""What a long operation reports to its caller while it works. Nothing here prints."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Update:
    """The stage that an operation has reached.

    `done` of `total` units of work are finished; `total` is 0 when the amount is not known. `seconds` is set
    when a step has finished: the time that it took.
    """

    text: str
    done: int = 0
    total: int = 0
    seconds: float | None = None


Progress = Callable[[Update], None]
"""Receives every update, in order, on the thread that does the work."""


def silent(_: Update) -> None:
    """Ignore the update."""
