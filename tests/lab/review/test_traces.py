"""A schema is compared with that before: what is there more, and what is gone."""

from collections.abc import Sequence

from lab.engine.fingerprint import QUERIES
from lab.review.traces import SchemaRows, traces

INDEX = "CREATE INDEX ix_a ON public.t USING btree (a)"
COLUMN = ("public", "t", 1, "a", "integer", False, "", "", None, None, None)


def schema(**rows: Sequence[tuple[object, ...]]) -> SchemaRows:
    return {kind: rows.get(kind, []) for kind in QUERIES}


def found(before: SchemaRows, after: SchemaRows) -> list[tuple[str, bool]]:
    return [(one.object, one.more) for one in traces(before, after)]


def test_the_same_schema_has_no_traces_in_whatever_order() -> None:
    rows = [("f()", "a"), ("g()", "b")]
    assert found(schema(function=rows), schema(function=rows[::-1])) == []


def test_a_new_object_is_more_and_one_that_is_gone_is_less() -> None:
    with_index = schema(index=[(INDEX, True)])
    assert found(schema(), with_index) == [("index ix_a of t", True)]
    assert found(with_index, schema()) == [("index ix_a of t", False)]


def test_a_default_that_is_left_is_more_and_one_that_is_gone_is_less() -> None:
    plain, changed = schema(column=[COLUMN]), schema(column=[(*COLUMN[:9], "now()", None)])
    assert found(plain, changed) == [("column t.a, which is not as before", True)]
    assert found(changed, plain) == [("column t.a, which is not as before", False)]


def test_the_place_of_a_column_and_whether_a_constraint_was_validated_do_not_count() -> None:
    moved = (*COLUMN[:2], 7, *COLUMN[3:])
    assert found(schema(column=[COLUMN]), schema(column=[moved])) == []
    constraint = ("t", "ck_t", "CHECK ((a > 0)) NOT VALID", False, None)
    validated = ("t", "ck_t", "CHECK ((a > 0))", True, None)
    assert found(schema(constraint=[constraint]), schema(constraint=[validated])) == []


def test_of_a_table_that_is_there_more_its_columns_and_indexes_are_not_told() -> None:
    table = schema(relation=[("public", "t", "r")], column=[COLUMN], index=[(INDEX, True)])
    assert found(schema(), table) == [("relation t", True)]
