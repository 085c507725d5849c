"""The two directions of a change: apply and revert."""

from __future__ import annotations

from enum import StrEnum

from lab.engine.state import State


class Verb(StrEnum):
    """Apply a fix, or revert it."""

    APPLY = "apply"
    REVERT = "revert"

    @property
    def opposite(self) -> Verb:
        return Verb.REVERT if self is Verb.APPLY else Verb.APPLY

    @property
    def result(self) -> State:
        """The state of a fix after the change."""
        return State.PRESENT if self is Verb.APPLY else State.ABSENT

    @property
    def past(self) -> str:
        """The past tense, for messages."""
        return "applied" if self is Verb.APPLY else "reverted"
