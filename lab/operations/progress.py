"""What a long operation tells its caller while it works."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done; `total` is 0 where the amount of work is not known beforehand."""

    text: str
    done: int = 0
    total: int = 0


Progress = Callable[[Stage], None]


def silent(_: Stage) -> None:
    """Tell nobody."""
