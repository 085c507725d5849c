"""The plan has the right fixes in the right order, or is refused for the right reason."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.catalog import Fix, Order
from lab.engine.plan import FixState, Part, Phase, ordered, phase_of, to_apply, to_revert
from lab.engine.state import PartState, State
from lab.engine.verb import Verb
from lab.errors import Refused

FIX = Fix(
    number=1,
    slug="one",
    title="One",
    difficulty="easy",
    area="a",
    symptom="s",
    hints=("h",),
    objects=(),
    requires=(),
    order=Order.MIGRATION_FIRST,
    probe=None,
    folder=Path("fixes/01_one"),
    files=(),
)
ONE, TWO, THREE = FIX, replace(FIX, number=2), replace(FIX, number=3, requires=(1,))


@dataclass(frozen=True)
class Has:
    """The state of a fix."""

    code: State = State.ABSENT
    schema: State = State.ABSENT
    recorded: bool = False
    applied_by_lab: bool = False


NOTHING = Has()
ALL = Has(State.PRESENT, State.PRESENT, recorded=True, applied_by_lab=True)
ONLY_CODE = Has(State.PRESENT)
ONLY_CODE_BY_LAB = Has(State.PRESENT, applied_by_lab=True)
ONLY_SCHEMA = Has(State.ABSENT, State.PRESENT, recorded=True)
OBJECT_OF_THE_CANDIDATE = Has(State.ABSENT, State.MIXED)
OBJECT_MISSING = Has(State.PRESENT, State.MIXED, recorded=True, applied_by_lab=True)
EDITED = Has(State.MIXED)
EDITED_SINCE = Has(State.MIXED, State.PRESENT, recorded=True, applied_by_lab=True)


def found(*all_: Has) -> dict[int, FixState]:
    return {
        fix.number: FixState(
            fix, PartState(has.code), PartState(has.schema, ("its why",)), has.recorded, has.applied_by_lab
        )
        for fix, has in zip((ONE, TWO, THREE), (*all_, NOTHING, NOTHING, NOTHING), strict=False)
    }


def numbers(fixes: tuple[Fix, ...]) -> list[int]:
    return [fix.number for fix in fixes]


def test_apply_is_in_rising_order_and_revert_in_falling_order_without_what_is_done() -> None:
    assert numbers(to_apply([THREE, TWO, ONE], found(NOTHING, ALL))) == [1, 3]
    assert numbers(to_revert([ONE, TWO, THREE], found(ALL, NOTHING, ALL))) == [3, 1]


@pytest.mark.parametrize(
    ("order", "verb", "phase"),
    [
        (Order.MIGRATION_FIRST, Verb.APPLY, Phase.WIDEN),
        (Order.MIGRATION_FIRST, Verb.REVERT, Phase.NARROW),
        (Order.PATCH_FIRST, Verb.APPLY, Phase.NARROW),
        (Order.PATCH_FIRST, Verb.REVERT, Phase.WIDEN),
    ],
)
def test_the_phase_of_the_migration_follows_fix_toml_and_the_verb(
    order: Order, verb: Verb, phase: Phase
) -> None:
    fix = replace(FIX, order=order)
    assert phase_of(fix, verb, Part.MIGRATION) is phase
    assert phase_of(fix, verb, Part.PATCH) is Phase.SWITCH


def test_all_fixes_pass_a_phase_before_any_enters_the_next() -> None:
    late = replace(FIX, number=2, order=Order.PATCH_FIRST)
    early = replace(FIX, number=3)
    assert [(fix.number, part) for fix, part in ordered([late, early], Verb.APPLY, found())] == [
        (3, Part.MIGRATION),
        (2, Part.PATCH),
        (3, Part.PATCH),
        (2, Part.MIGRATION),
    ]


@pytest.mark.parametrize(
    ("has", "why"),
    [
        (ONLY_SCHEMA, "lab fix recover 1"),
        (ONLY_CODE_BY_LAB, "lab fix recover 1"),
        (OBJECT_MISSING, "lab fix recover 1"),
        (EDITED_SINCE, "lab fix recover 1"),
        (OBJECT_OF_THE_CANDIDATE, "Drop that object first"),
    ],
)
def test_apply_is_refused_if_a_part_is_there(has: Has, why: str) -> None:
    with pytest.raises(Refused, match=why):
        to_apply([ONE], found(has))


def test_of_a_fix_whose_code_the_candidate_wrote_only_the_schema_is_applied_and_reverted() -> None:
    states = found(ONLY_CODE)
    assert numbers(to_apply([ONE], states)) == [1]
    assert ordered([ONE], Verb.APPLY, states) == ((ONE, Part.MIGRATION),)
    states = {1: replace(found(ALL)[1], code_is_own=True)}
    assert numbers(to_revert([ONE], states)) == [1]
    assert ordered([ONE], Verb.REVERT, states) == ((ONE, Part.MIGRATION),)
    edited = {1: replace(states[1], code=PartState(State.ABSENT))}
    assert numbers(to_revert([ONE], edited)) == [1]


def test_a_fix_that_is_there_in_the_candidates_work_counts_as_applied_and_is_not_reverted() -> None:
    own_code = found(ONLY_CODE)[1]
    without_schema = replace(own_code, fix=replace(ONE, changes_schema=False))
    with_objects = replace(own_code, schema=PartState(State.MIXED), has_same_objects=True)
    for state in (without_schema, with_objects):
        states = found() | {1: state}
        assert to_apply([state.fix], states) == to_revert([state.fix], states) == ()
        assert numbers(to_apply([THREE], states)) == [3]
    other_objects = {1: replace(with_objects, has_same_objects=False)}
    with pytest.raises(Refused, match="Drop that object first"):
        to_apply([ONE], other_objects)


def test_edited_code_is_not_refused_here_because_the_merge_names_its_lines() -> None:
    assert numbers(to_apply([ONE], found(EDITED))) == [1]
    assert numbers(to_revert([ONE], found(EDITED_SINCE))) == [1]


@pytest.mark.parametrize("has", [ONLY_SCHEMA, ONLY_CODE_BY_LAB, OBJECT_MISSING])
def test_revert_is_refused_if_a_part_is_missing(has: Has) -> None:
    with pytest.raises(Refused, match="lab fix recover 1"):
        to_revert([ONE], found(has))


@pytest.mark.parametrize("has", [NOTHING, ONLY_CODE, OBJECT_OF_THE_CANDIDATE, EDITED])
def test_revert_ignores_what_lab_did_not_apply(has: Has) -> None:
    assert to_revert([ONE], found(has)) == ()


def test_a_required_fix_is_applied_first_and_reverted_last() -> None:
    with pytest.raises(Refused, match=r"requires fix 1.*lab fix apply 1 3"):
        to_apply([THREE], found())
    assert numbers(to_apply([THREE], found(ALL))) == [3]
    with pytest.raises(Refused, match=r"fix 3 requires it.*lab fix revert 1 3"):
        to_revert([ONE], found(ALL, NOTHING, ALL))
