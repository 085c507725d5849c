"""What is new in a schema and should be otherwise."""

from dataclasses import replace

import pytest

from lab.engine.catalogue import Catalogue, Constraint, Index, Table
from lab.review.leftovers import leftovers

BEFORE = Catalogue((Table(1, "t", 9, False, True),), (), (), {})
CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def index(name: str = "ix_t_a", *, unique: bool = False, valid: bool = True, constraint: str = "") -> Index:
    return Index(name, "t", valid, constraint, unique, ("a",))


def constraint(name: str, kind: str, *, valid: bool = True) -> Constraint:
    return Constraint(name, "t", kind, valid, "other" if kind == "f" else "", ("a",))


def ids(
    *indexes: Index, constraints: tuple[Constraint, ...] = (), tables: tuple[Table, ...] = ()
) -> list[str]:
    after = replace(BEFORE, tables=(*BEFORE.tables, *tables), indexes=indexes, constraints=constraints)
    return [one.id for one in leftovers(BEFORE, after, CONVENTION)]


def test_what_was_there_before_is_not_told() -> None:
    before = replace(BEFORE, indexes=(index("odd", valid=False),), constraints=(constraint("odd", "c"),))
    assert list(leftovers(before, before, CONVENTION)) == []


def test_an_invalid_index_and_a_constraint_that_was_never_validated_are_told() -> None:
    assert ids(index(valid=False)) == ["invalid-index"]
    assert ids(constraints=(constraint("ck_t_a", "c", valid=False),)) == ["not-valid-left"]


def test_a_new_table_needs_a_primary_key_unless_it_is_a_partition() -> None:
    assert ids(tables=(Table(2, "n", 0, False, False),)) == ["no-primary-key"]
    assert ids(tables=(Table(2, "n", 0, True, False),)) == []
    assert ids(tables=(Table(2, "t", 0, False, False),)) == ["no-primary-key"]
    after = replace(BEFORE, tables=(Table(1, "renamed", 9, False, False),))
    assert [one.id for one in leftovers(BEFORE, after, {})] == ["no-primary-key"]
    assert list(leftovers(after, after, {})) == []


def test_a_foreign_key_needs_an_index_that_begins_with_its_columns() -> None:
    key = constraint("fk_t_a_other", "f")
    assert ids(constraints=(key,)) == ["foreign-key-without-index"]
    assert ids(index(), constraints=(key,)) == []
    assert ids(index(valid=False), constraints=(key,)) == ["invalid-index", "foreign-key-without-index"]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [("c", "ck_t_anything", "t_check"), ("u", "uq_t_a", "t_a_key"), ("p", "pk_t", "t_pkey")],
)
def test_a_name_is_compared_with_the_convention_of_the_models(kind: str, right: str, wrong: str) -> None:
    assert ids(constraints=(constraint(right, kind),)) == []
    assert ids(constraints=(constraint(wrong, kind),)) == ["name-off-the-convention"]


def test_a_unique_index_may_have_either_name_and_one_of_a_constraint_has_that_of_the_constraint() -> None:
    assert ids(index("ix_t_a", unique=True)) == []
    assert ids(index("uq_t_a", unique=True)) == []
    assert ids(index("uq_t_a")) == ["name-off-the-convention"]
    assert ids(index("anything", constraint="uq_t_a")) == []


def test_where_the_models_have_no_convention_or_an_unknown_one_no_name_is_judged() -> None:
    after = replace(BEFORE, indexes=(index("anything"),))
    assert list(leftovers(BEFORE, after, {})) == []
    for unknown in ("%(my_own_token)s", "%(table_name)999999999s", "%", "100%%_%(table_name)s"):
        assert list(leftovers(BEFORE, after, {"ix": unknown})) == [], unknown
    (found,) = leftovers(BEFORE, after, {"ix": "ix_(%(table_name)s"})
    assert found.id == "name-off-the-convention"
