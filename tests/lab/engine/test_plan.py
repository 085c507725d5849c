"""What is asked for and what is there decide what is done, in which order, or why not."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.catalog import Fix, Order
from lab.engine.plan import FixState, Part, parts, to_apply, to_revert
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
    folder=Path("fixes/01_one"),
    files=(),
)
ONE, TWO, THREE = FIX, replace(FIX, number=2), replace(FIX, number=3, requires=(1,))


@dataclass(frozen=True)
class Has:
    """What was found of a fix."""

    code: State = State.ABSENT
    schema: State = State.ABSENT
    recorded: bool = False
    ours: bool = False


NOTHING = Has()
ALL = Has(State.PRESENT, State.PRESENT, recorded=True, ours=True)
ONLY_CODE = Has(State.PRESENT)
ONLY_OUR_CODE = Has(State.PRESENT, ours=True)
ONLY_SCHEMA = Has(State.ABSENT, State.PRESENT, recorded=True)
OBJECT_OF_OTHERS = Has(State.ABSENT, State.MIXED)
OBJECT_GONE = Has(State.PRESENT, State.MIXED, recorded=True, ours=True)
EDITED = Has(State.MIXED)
EDITED_SINCE = Has(State.MIXED, State.PRESENT, recorded=True, ours=True)


def found(*all_: Has) -> dict[int, FixState]:
    return {
        fix.number: FixState(
            fix, PartState(has.code), PartState(has.schema, ("its why",)), has.recorded, has.ours
        )
        for fix, has in zip((ONE, TWO, THREE), (*all_, NOTHING, NOTHING, NOTHING), strict=False)
    }


def numbers(fixes: tuple[Fix, ...]) -> list[int]:
    return [fix.number for fix in fixes]


def test_apply_goes_up_and_revert_down_over_what_is_left_to_do() -> None:
    assert numbers(to_apply([THREE, TWO, ONE], found(NOTHING, ALL))) == [1, 3]
    assert numbers(to_revert([ONE, TWO, THREE], found(ALL, NOTHING, ALL))) == [3, 1]


@pytest.mark.parametrize(
    ("order", "verb", "first"),
    [
        (Order.MIGRATION_FIRST, Verb.APPLY, Part.MIGRATION),
        (Order.MIGRATION_FIRST, Verb.REVERT, Part.PATCH),
        (Order.PATCH_FIRST, Verb.APPLY, Part.PATCH),
        (Order.PATCH_FIRST, Verb.REVERT, Part.MIGRATION),
    ],
)
def test_the_schema_is_the_wider_one_while_the_code_changes(order: Order, verb: Verb, first: Part) -> None:
    assert parts(replace(FIX, order=order), verb)[0] is first


@pytest.mark.parametrize(
    ("has", "why"),
    [
        (ONLY_SCHEMA, "lab fix recover 1"),
        (ONLY_OUR_CODE, "lab fix recover 1"),
        (OBJECT_GONE, "lab fix recover 1"),
        (EDITED_SINCE, "lab fix recover 1"),
        (OBJECT_OF_OTHERS, "Take that away first"),
        (ONLY_CODE, "not by lab"),
    ],
)
def test_apply_is_refused_over_a_part(has: Has, why: str) -> None:
    with pytest.raises(Refused, match=why):
        to_apply([ONE], found(has))


def test_edited_code_is_left_to_the_merge_which_names_the_lines() -> None:
    assert numbers(to_apply([ONE], found(EDITED))) == [1]
    assert numbers(to_revert([ONE], found(EDITED_SINCE))) == [1]


@pytest.mark.parametrize("has", [ONLY_SCHEMA, ONLY_OUR_CODE, OBJECT_GONE])
def test_revert_is_refused_over_a_part_of_ours(has: Has) -> None:
    with pytest.raises(Refused, match="lab fix recover 1"):
        to_revert([ONE], found(has))


@pytest.mark.parametrize("has", [NOTHING, ONLY_CODE, OBJECT_OF_OTHERS, EDITED])
def test_revert_leaves_alone_what_lab_did_not_put_on(has: Has) -> None:
    assert to_revert([ONE], found(has)) == ()


def test_a_required_fix_comes_first_and_goes_last() -> None:
    with pytest.raises(Refused, match=r"requires fix 1.*lab fix apply 1 3"):
        to_apply([THREE], found())
    assert numbers(to_apply([THREE], found(ALL))) == [3]
    with pytest.raises(Refused, match=r"fix 3 requires it.*lab fix revert 1 3"):
        to_revert([ONE], found(ALL, NOTHING, ALL))
