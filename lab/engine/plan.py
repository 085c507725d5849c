"""Choose the fixes to apply or revert and their order, or refuse. Pure: it reads no file and no database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from lab.catalog import Fix, Order
from lab.engine.state import PartState, State, combined
from lab.engine.verb import Verb
from lab.errors import Refused


class Part(StrEnum):
    """The two parts of a fix. Each is one step of a change."""

    MIGRATION = "migration"
    PATCH = "patch"


class Phase(IntEnum):
    """The phases of a change, in their order, so that no running process meets a schema it cannot use.

    The schema gets what the new code needs; the code is switched and the services restarted; the schema loses
    what only the old code needed. https://martinfowler.com/bliki/ParallelChange.html
    """

    WIDEN = 1
    SWITCH = 2
    NARROW = 3


@dataclass(frozen=True, slots=True)
class FixState:
    """The state of one fix: its code and its schema."""

    fix: Fix
    code: PartState
    schema: PartState
    recorded: bool
    """Whether the database records its revision."""
    applied_by_lab: bool
    """Whether the history says that `lab` applied it and did not revert it since."""
    code_is_own: bool = False
    """Whether lab applied only its schema, because the candidate had written its code."""
    has_same_objects: bool = False
    """Whether the candidate's own migration made its objects, just as the fix does."""
    built_in: bool = False
    """Whether it is built into the handout, so that there is nothing to apply or revert."""

    @property
    def state(self) -> State:
        """The state that code and schema share, else mixed."""
        return combined((self.code.state, self.schema.state))

    @property
    def is_candidates(self) -> bool:
        """Whether all of it is there, and lab applied no part of it."""
        if self.recorded or self.applied_by_lab or self.code.state is not State.PRESENT:
            return False
        return not self.fix.changes_schema or self.has_same_objects

    @property
    def is_there(self) -> bool:
        """Whether all of it is there, so that a fix that requires it can be applied."""
        return self.recorded or self.built_in or self.is_candidates

    @property
    def why(self) -> tuple[str, ...]:
        """Why it is mixed: the reasons of each part, or that one part is there without the other."""
        presence = {State.ABSENT: "is not there", State.PRESENT: "is there"}
        apart: tuple[str, ...] = ()
        if self.state is State.MIXED and self.code.state in presence and self.schema.state in presence:
            code, schema = presence[self.code.state], presence[self.schema.state]
            apart = (f"its code {code}, its revision {schema}",)
        return (*self.code.why, *self.schema.why, *apart)


def phase_of(fix: Fix, verb: Verb, part: Part) -> Phase:
    """Return the phase in which this part of the fix is done."""
    if part is Part.PATCH:
        return Phase.SWITCH
    widens = (fix.order is Order.MIGRATION_FIRST) == (verb is Verb.APPLY)
    return Phase.WIDEN if widens else Phase.NARROW


def ordered(fixes: Sequence[Fix], verb: Verb, states: Mapping[int, FixState]) -> tuple[tuple[Fix, Part], ...]:
    """Return the parts of every fix, by phases, and in a phase in the order of `fixes`.

    These are both parts, but not the code that the candidate wrote.
    """
    every = [(fix, part) for fix in fixes for part in Part if part not in _kept(states[fix.number], verb)]
    return tuple(sorted(every, key=lambda one: phase_of(one[0], verb, one[1])))


def _kept(state: FixState, verb: Verb) -> tuple[Part, ...]:
    """Return the part that is not changed: the code, if the candidate wrote the same as the fix."""
    is_own = state.code_is_own or (verb is Verb.APPLY and state.code.state is State.PRESENT)
    return (Part.PATCH,) if is_own else ()


def to_apply(chosen: Iterable[Fix], states: Mapping[int, FixState]) -> tuple[Fix, ...]:
    """Return those of the chosen fixes that are not applied, in the order in which to apply them.

    A fix of which all is there counts as applied; if only its code is there, its schema is left to apply.
    Mixed code of a fix that is not recorded is not refused here: the merge refuses it and names the lines.

    Raises:
        Refused: a fix that `lab` applied is mixed, the candidate made a fix's objects, or a fix requires one
            that is neither there nor chosen.
    """
    ordered = sorted(chosen, key=lambda fix: fix.number)
    numbers = {fix.number for fix in ordered}
    going = [fix for fix in ordered if not _is_done(states[fix.number])]
    for fix in going:
        state = states[fix.number]
        absent = [n for n in fix.requires if n not in numbers and not states[n].is_there]
        if absent:
            raise Refused(
                f"Fix {fix.number} requires {_fixes(absent)}, which is not applied.",
                f"Apply them together: lab fix apply {' '.join(map(str, [*absent, fix.number]))}",
            )
        if state.recorded or (state.applied_by_lab and state.code.state is State.PRESENT):
            raise mixed_state(state)
        if state.schema.state is not State.ABSENT:
            raise Refused(
                f"Fix {fix.number} cannot be applied: {'; '.join(state.schema.why)}.",
                "Nothing was touched. Drop that object first, or leave the fix out.",
            )
    return tuple(going)


def _is_done(state: FixState) -> bool:
    return state.state is State.PRESENT or state.is_candidates


def to_revert(chosen: Iterable[Fix], states: Mapping[int, FixState]) -> tuple[Fix, ...]:
    """Return those of the chosen fixes that `lab` applied, in the order in which to revert them.

    Code of which only a part is there is not refused here: the merge refuses it and names the lines.

    Raises:
        Refused: a fix lacks its code or its schema, or an applied fix that was not chosen requires it.
    """
    numbers = {fix.number for fix in chosen}
    going: list[Fix] = []
    for fix in sorted(chosen, key=lambda fix: fix.number, reverse=True):
        state = states[fix.number]
        if not state.recorded and (not state.applied_by_lab or state.state is State.ABSENT):
            continue
        users = [n for n, s in sorted(states.items()) if fix.number in s.fix.requires and s.recorded]
        staying = [n for n in users if n not in numbers]
        if staying:
            raise Refused(
                f"Fix {fix.number} cannot be reverted: {_fixes(staying)} requires it.",
                f"Revert them together: lab fix revert {' '.join(map(str, [fix.number, *staying]))}",
            )
        lacks_code = state.code.state is State.ABSENT and not state.code_is_own
        if state.schema.state is not State.PRESENT or lacks_code:
            raise mixed_state(state)
        going.append(fix)
    return tuple(going)


def mixed_state(state: FixState) -> Refused:
    """Return the exception that refuses to change a mixed fix."""
    number = state.fix.number
    remedy = f"Revert the part that is there: lab fix recover {number}"
    if not state.recorded and not state.applied_by_lab:
        remedy = f"Apply all of it, with the edits saved as a patch: lab fix apply {number} --replace"
    return Refused(
        f"Fix {number} is neither applied nor absent: {'; '.join(state.why)}.",
        f"Nothing was touched. {remedy}",
    )


def _fixes(numbers: list[int]) -> str:
    return f"fix {numbers[0]}" if len(numbers) == 1 else f"fixes {', '.join(map(str, numbers))}"
