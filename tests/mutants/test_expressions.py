import pytest

from tests.mutants.changes import changes
from tests.mutants.expressions import edits


@pytest.mark.parametrize(
    ("operator", "text", "expected"),
    [
        ("negate", "if a: b", ["if not (a): b"]),
        ("negate", "if not a: b", ["if (a): b"]),
        ("negate", "if a == b: c", []),  # the comparison's own mistake
        ("negate", "[a for a in b if c(a)]", ["[a for a in b if not (c(a))]"]),
        ("compare", "a == b", ["a != b"]),
        ("compare", "a is not b", ["a is b"]),
        ("compare", "a <= b < c", ["a > b < c", "a <= b >= c"]),
        ("bound", "a <= b < c", ["a < b < c", "a <= b <= c"]),
        ("boolean", "a or (b and c)", ["a and (b and c)", "a or (b or c)"]),
        ("drop_operand", "a and b", ["(b)", "(a)"]),
        ("drop_operand", "a | b", ["a", "b"]),
        ("arithmetic", "a + b", ["a - b"]),
        ("arithmetic", "defaults | body", ["body | defaults"]),
        ("arithmetic", 'row | {"a": 1}', []),  # adds a member
        ("arithmetic", "isinstance(a, int | str)", []),
        ("number", "a = 7", ["a = 8", "a = 6"]),
        ("number", "a = 0.5", ["a = 1.5"]),
        ("boolean_constant", "a = True", ["a = False"]),
        ("string", "a = 'b'", ["a = 'bx'"]),
        ("string", 'a = f"{b}/c"', ['a = f"{b}/cx"', 'a = f"{b}/cx"']),  # excluded inside of an f-string
        ("status", "class Conflict: status = 409", ["class Conflict: status = 400"]),
        ("status", "def f(): return a, 201", ["def f(): return a, 200"]),
        ("status", "a == HTTPStatus.OK", ["a == HTTPStatus.CREATED"]),
        ("extreme", "max(a, b)", ["min(a, b)"]),
        ("extreme", "rows.all()", []),
        ("pattern", 're.compile("[a-z_]{0,9}")', [
            're.compile("[a-z_]{1,9}")', 're.compile("[a-z_]{0,10}")',
            're.compile("[_]{0,9}")', 're.compile("[a-z]{0,9}")',
        ]),
        ("pattern", 're.compile("(a)?")', ['re.compile("(a)")']),
        ("string", 're.compile(r"[a-z]")', []),
    ],
)  # fmt: skip
def test_a_mistake_in_an_expression(operator: str, text: str, expected: list[str]) -> None:
    assert changes(edits, text, operator) == expected
