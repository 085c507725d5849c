"""Mistakes in calls, in SQL that is made by calls, and in collections."""

import ast
from collections.abc import Iterator, Sequence

from tests.mutants.source import Edit, Source

CHAINED = frozenset(
    {"where", "order_by", "limit", "offset", "options", "outerjoin", "values", "select_from", "desc"}
    | {"strip", "rstrip", "lower", "upper", "replace", "ljust", "astimezone", "union", "begin"}
)
"""Methods whose result can take the place of what they are called on; so they can be forgotten."""

WRAPPING = frozenset({"round", "max", "min", "reversed", "float", "int", "str", "bool", "set", "quote"})
"""Functions whose result can take the place of an argument."""

CRITERIA = frozenset({"where", "and_", "or_"})
ORDERED = frozenset({"order_by", "tuple_"})
ERROR_KINDS = {
    "BadRequest": "Conflict",
    "Forbidden": "NotFound",
    "NotFound": "Conflict",
    "Conflict": "BadRequest",
}


def edits(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield the mistakes that can be made at this call or collection."""
    match node:
        case ast.Call():
            yield from _call(source, node)
        case ast.Dict():
            yield from _members(source, node)
        case ast.List() | ast.Set() | ast.Tuple():
            yield from _elements(source, node)


def name_of(node: ast.Call) -> str:
    """Return the last part of the name of what is called, or an empty string."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _call(source: Source, node: ast.Call) -> Iterator[Edit]:
    name = name_of(node)
    if isinstance(node.func, ast.Attribute):
        dot = source.text.rindex(".", 0, source.end(node.func))
        start = len(source.text[:dot].rstrip())
        if name == "begin":
            yield Edit("lost_commit", start, source.end(node.func), "")
        elif name in CHAINED:
            yield Edit("drop_order" if name == "desc" else "drop_call", start, source.end(node), "")
        if name in ERROR_KINDS and source.of(node.func.value) == "errors":
            yield source.replace("error_kind", node.func, f"errors.{ERROR_KINDS[name]}")
    if name in WRAPPING and isinstance(node.func, ast.Name):
        for argument in node.args[:2] if name in {"max", "min"} else node.args[:1]:
            if not isinstance(argument, ast.GeneratorExp):
                yield source.replace("drop_call", node, source.of(argument))
    yield from _arguments(source, node, name)


def _arguments(source: Source, node: ast.Call, name: str) -> Iterator[Edit]:
    keywords = [one for one in node.keywords if one.arg is not None]
    if len(node.args) > 1 and name in CRITERIA | ORDERED:
        for index in range(len(node.args)):
            operator = "drop_filter" if name in CRITERIA else "drop_order"
            yield source.drop(operator, _spans(source, node.args), index)
    if name == "order_by":
        yield from _reversed(source, node.args)
    items = _spans(source, [*node.args, *keywords])
    for index, keyword in enumerate(keywords, start=len(node.args)):
        is_flag = isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
        if not is_flag:  # its other value is a mistake of its own
            yield source.drop("drop_argument", items, index)
        if keyword.arg == "order_by" and isinstance(keyword.value, ast.Constant):
            yield source.replace("reverse_order", keyword.value, f'"{keyword.value.value}.desc()"')


def _reversed(source: Source, columns: Sequence[ast.expr]) -> Iterator[Edit]:
    """Turn the direction of a column that the rows are ordered by."""
    for column in columns:
        if isinstance(column, ast.Attribute):
            yield source.replace("reverse_order", column, f"{source.of(column)}.desc()")


def _members(source: Source, node: ast.Dict) -> Iterator[Edit]:
    """Drop a member of a dict, or set it to None."""
    values = node.values
    items = [
        (source.start(key if key is not None else value), source.end(value))
        for key, value in zip(node.keys, values, strict=True)
    ]
    for index, value in enumerate(values):
        yield source.drop("drop_member", items, index)
        yield source.replace("null_member", value, "None")


def _elements(source: Source, node: ast.List | ast.Set | ast.Tuple) -> Iterator[Edit]:
    if isinstance(node, ast.Tuple) and _is_no_collection(source, node):
        return
    items = _spans(source, node.elts)
    for index in range(len(items)):
        if len(items) > 1:
            yield _drop_element(source, node, index)
    if isinstance(node, ast.Tuple) and isinstance(source.parents[node], ast.Assign):
        yield from _reversed(source, [one for one in node.elts if source.of(one).startswith("models.")])


def _is_no_collection(source: Source, node: ast.Tuple) -> bool:
    """Whether the tuple only returns, unpacks or indexes several values at once."""
    parent = source.parents[node]
    return isinstance(node.ctx, ast.Store) or isinstance(parent, ast.Return | ast.Subscript | ast.ListComp)


def _drop_element(source: Source, node: ast.List | ast.Set | ast.Tuple, index: int) -> Edit:
    operator = "drop_order" if ".id" in source.of(node) and isinstance(node, ast.Tuple) else "drop_element"
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        return source.replace(operator, node, f"({source.of(node.elts[1 - index])},)")
    return source.drop(operator, _spans(source, node.elts), index)


def _spans(source: Source, nodes: Sequence[ast.AST]) -> list[tuple[int, int]]:
    return [(source.start(node), source.end(node)) for node in nodes]
