import pytest

from tests.mutants.calls import edits
from tests.mutants.changes import changes


@pytest.mark.parametrize(
    ("operator", "text", "expected"),
    [
        ("drop_call", "select(a).where(b)", ["select(a)"]),
        ("drop_call", '(a or "").upper()', ['(a or "")']),
        ("drop_call", "round(a, 1)", ["a"]),
        ("drop_call", "max(a, b)", ["a", "b"]),
        ("drop_filter", "q.where(a, b)", ["q.where(b)", "q.where(a)"]),
        ("drop_order", "q.order_by(a.b, c.d)", ["q.order_by(c.d)", "q.order_by(a.b)"]),
        ("drop_order", "a.desc()", ["a"]),
        ("drop_order", "order = (a.id, b.id)", ["order = (b.id,)", "order = (a.id,)"]),
        ("reverse_order", "q.order_by(a.b)", ["q.order_by(a.b.desc())"]),
        ("reverse_order", 'relationship(order_by="A.b")', ['relationship(order_by="A.b.desc()")']),
        ("drop_argument", "f(a, b=c, **d)", ["f(a, **d)"]),
        ("drop_argument", "f(a, b=True)", []),  # False is a mistake of its own
        ("error_kind", "raise errors.NotFound(a)", ["raise errors.Conflict(a)"]),
        ("lost_commit", "return sessions.begin()", ["return sessions()"]),
        ("drop_member", "{'a': b, 'c': d}", ["{'c': d}", "{'a': b}"]),
        ("null_member", "{'a': b}", ["{'a': None}"]),
        ("drop_element", "{a, b}", ["{b}", "{a}"]),
        ("drop_element", "a, b = c", []),
    ],
)
def test_a_mistake_in_a_call_or_a_collection(operator: str, text: str, expected: list[str]) -> None:
    text, expected = (f"def f():\n    {text}", [f"def f():\n    {one}" for one in expected])
    assert changes(edits, text, operator) == expected
