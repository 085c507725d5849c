"""What looking at the world can find: a part of a fix is there, is not, or is neither."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Of a fix's code, of its schema, or of both."""

    ABSENT = "absent"
    PRESENT = "present"
    MIXED = "mixed"
    UNKNOWN = "unknown"
    """Could not be looked at: no database."""


@dataclass(frozen=True, slots=True)
class PartState:
    """A state, and one line for each thing that keeps it from being plain."""

    state: State
    why: tuple[str, ...] = ()


def combined(states: Iterable[State]) -> State:
    """The state that all of them share, else mixed; unknown when one is."""
    found = set(states)
    if State.UNKNOWN in found:
        return State.UNKNOWN
    return found.pop() if len(found) == 1 else State.MIXED
