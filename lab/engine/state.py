"""The states that a fix, or one of its two parts, can be in."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of a fix's code, of its schema, or of both together."""

    ABSENT = "absent"
    PRESENT = "present"
    MIXED = "mixed"
    UNKNOWN = "unknown"
    """The database cannot be reached."""


@dataclass(frozen=True, slots=True)
class PartState:
    """The state of a fix's code or schema. `why` has one line for each reason for which it is mixed."""

    state: State
    why: tuple[str, ...] = ()


def combined(states: Iterable[State]) -> State:
    """Return the state that all of them share; unknown if one is unknown, else mixed."""
    found = set(states)
    if State.UNKNOWN in found:
        return State.UNKNOWN
    return found.pop() if len(found) == 1 else State.MIXED
