import ast

import pytest

from tests.mutants.source import Source


def test_positions_count_characters_although_ast_counts_bytes() -> None:
    source = Source('text = "…"; number = 1\n')
    number = source.tree.body[1].value
    assert source.of(number) == "1"
    assert source.line(source.start(number)) == (1, 22)


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        ("f(a, b, c)", ["f(b, c)", "f(a, c)", "f(a, b)"]),
        ("f(a)", ["f()"]),
        ("f(\n    a,\n)", ["f(\n    \n)"]),
        ("f(\n    a,\n    b,\n)", ["f(\n    b,\n)", "f(\n    a,\n)"]),
    ],
)
def test_an_item_is_dropped_with_one_separator(text: str, dropped: list[str]) -> None:
    source = Source(text)
    call = source.tree.body[0].value
    items = [(source.start(one), source.end(one)) for one in call.args]
    assert [source.apply(source.drop("drop", items, index)) for index in range(len(items))] == dropped
    for one in dropped:
        ast.parse(one)


def test_only_what_is_between_two_nodes_is_replaced() -> None:
    source = Source("x_or_y or z_or\n")
    left, right = source.tree.body[0].value.values
    assert source.apply(source.between("boolean", left, right, "or", "and")) == "x_or_y and z_or\n"
