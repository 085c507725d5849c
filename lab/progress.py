"""Progress reports of a long operation to its caller. Nothing here prints."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Update:
    """The stage that an operation has reached. `text` names it.

    `done` of `total` units of work are finished; `total` is 0 if the amount is unknown. `seconds` is the time
    that a finished step took, else None.
    """

    text: str
    done: int = 0
    total: int = 0
    seconds: float | None = None


Progress = Callable[[Update], None]
"""A callback that gets every update in order, on the thread that does the work."""


def silent(_: Update) -> None:
    """Ignore the update."""
