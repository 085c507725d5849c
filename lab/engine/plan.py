"""Decide what to do about the fixes asked for, or refuse. Pure: findings come in, the order goes out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lab.catalog import Fix, Order
from lab.engine.state import PartState, State, combined
from lab.engine.verb import Verb
from lab.errors import Refused


class Part(StrEnum):
    """The two halves of a fix, each one step."""

    MIGRATION = "migration"
    PATCH = "patch"


@dataclass(frozen=True, slots=True)
class FixState:
    """How one fix was found to stand, its code and its schema apart."""

    fix: Fix
    code: PartState
    schema: PartState
    recorded: bool
    """Whether the database records its revision."""
    applied_by_lab: bool
    """Whether lab was the last to put it on, by its history: asked only so as to take nobody else's work."""

    @property
    def state(self) -> State:
        """Both or neither, else mixed."""
        return combined((self.code.state, self.schema.state))

    @property
    def why(self) -> tuple[str, ...]:
        """What is mixed: the parts' own reasons, or that one half is there without the other."""
        halves = {State.ABSENT: "is not there", State.PRESENT: "is there"}
        apart: tuple[str, ...] = ()
        if self.state is State.MIXED and self.code.state in halves and self.schema.state in halves:
            code, schema = halves[self.code.state], halves[self.schema.state]
            apart = (f"its code {code}, its revision {schema}",)
        return (*self.code.why, *self.schema.why, *apart)


def parts(fix: Fix, verb: Verb) -> tuple[Part, Part]:
    """The order of the halves: the schema is the wider one while the code changes, or as fix.toml says."""
    migration_first = (fix.order is Order.MIGRATION_FIRST) == (verb is Verb.APPLY)
    return (Part.MIGRATION, Part.PATCH) if migration_first else (Part.PATCH, Part.MIGRATION)


def to_apply(chosen: Iterable[Fix], fix_states: Mapping[int, FixState]) -> tuple[Fix, ...]:
    """Those of the chosen fixes that are absent, in the order in which to apply them.

    Code that is neither as shipped nor as fixed is left to the merge, which names the lines.

    Raises:
        Refused: a fix is mixed, its objects are somebody else's, or one that it requires is not there.
    """
    ordered = sorted(chosen, key=lambda fix: fix.number)
    coming = {fix.number for fix in ordered}
    going = [fix for fix in ordered if fix_states[fix.number].state is not State.PRESENT]
    for fix in going:
        fix_state = fix_states[fix.number]
        absent = [n for n in fix.requires if n not in coming and not fix_states[n].recorded]
        if absent:
            raise Refused(
                f"Fix {fix.number} requires {_fixes(absent)}, not applied yet.",
                f"Apply them together: lab fix apply {_words([*absent, fix.number])}",
            )
        if fix_state.recorded or (fix_state.applied_by_lab and fix_state.code.state is State.PRESENT):
            raise mixed_state(fix_state)
        if fix_state.schema.state is not State.ABSENT:
            why = "; ".join(fix_state.schema.why)
            raise Refused(
                f"Fix {fix.number} cannot be applied: {why}.",
                "Nothing was touched. Take that away first, or leave the fix out.",
            )
        if fix_state.code.state is State.PRESENT:
            raise Refused(
                f"Fix {fix.number} cannot be applied: its lines are in the code already, and not by lab.",
                "Nothing was touched. Leave it out. If they are the lab's after all: "
                f"lab fix recover {fix.number}",
            )
    return tuple(going)


def to_revert(chosen: Iterable[Fix], fix_states: Mapping[int, FixState]) -> tuple[Fix, ...]:
    """Those of the chosen fixes that lab put on, in the order in which to revert them.

    Raises:
        Refused: a fix is mixed, or one that stays requires it.
    """
    leaving = {fix.number for fix in chosen}
    going: list[Fix] = []
    for fix in sorted(chosen, key=lambda fix: fix.number, reverse=True):
        fix_state = fix_states[fix.number]
        if not fix_state.recorded and (not fix_state.applied_by_lab or fix_state.state is State.ABSENT):
            continue
        users = [n for n, s in sorted(fix_states.items()) if fix.number in s.fix.requires and s.recorded]
        staying = [n for n in users if n not in leaving]
        if staying:
            raise Refused(
                f"Fix {fix.number} cannot be reverted: {_fixes(staying)} requires it.",
                f"Revert them together: lab fix revert {_words([fix.number, *staying])}",
            )
        if fix_state.schema.state is not State.PRESENT or fix_state.code.state is State.ABSENT:
            raise mixed_state(fix_state)
        going.append(fix)
    return tuple(going)


def mixed_state(fix_state: FixState) -> Refused:
    """The refusal of a fix that is there in part."""
    number = fix_state.fix.number
    return Refused(
        f"Fix {number} is neither applied nor absent: {'; '.join(fix_state.why)}.",
        f"Nothing was touched. Take back what is there of it: lab fix recover {number}",
    )


def _fixes(numbers: list[int]) -> str:
    return f"fix {numbers[0]}" if len(numbers) == 1 else f"fixes {', '.join(map(str, numbers))}"


def _words(numbers: list[int]) -> str:
    return " ".join(map(str, numbers))
