import pytest

from tests.mutants.changes import changes
from tests.mutants.statements import edits


@pytest.mark.parametrize(
    ("operator", "text", "expected"),
    [
        ("drop_statement", "session.flush()", ["pass"]),
        ("drop_statement", "a.status = b", ["pass"]),
        ("drop_statement", "a = b", []),  # nothing works without it
        ("drop_statement", "def f(a):\n    a = b", ["def f(a):\n    pass"]),
        ("drop_statement", "a = b\na = c", ["a = b\npass"]),
        ("drop_statement", "if a:\n    raise b", ["if a:\n    pass"]),
        ("drop_return", "def f():\n    if a:\n        return b\n    return c",
         ["def f():\n    if a:\n        pass\n    return c"]),
        ("drop_return", "def f():\n    with a:\n        return b", []),
        ("drop_handler", "try: a()\nexcept B:\n    c()\n    d()", ["try: a()\nexcept B:\n    raise"]),
        ("drop_handler", "try:\n    a()\nexcept B:\n    raise C from None", []),
        ("drop_decorator", "@app.get('/a')\ndef f(): b", ["def f(): b"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_statement(operator: str, text: str, expected: list[str]) -> None:
    assert changes(edits, text, operator) == expected
