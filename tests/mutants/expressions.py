"""Mistakes in conditions, comparisons, arithmetic and constants."""

import ast
import re
from collections.abc import Iterator

from tests.mutants.source import Edit, Source

OPPOSITE = {
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
BOUND = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.Pow: ("**", "*"),
}
STATUS = {200: 202, 201: 200, 400: 422, 403: 404, 404: 410, 409: 400, 415: 400, 500: 400, 502: 500, 503: 500}
STATUS |= {504: 502}
STATUS_NAME = {"OK": "CREATED", "NOT_FOUND": "GONE", "CONFLICT": "BAD_REQUEST", "FORBIDDEN": "UNAUTHORIZED"}
EXTREME = {"min": "max", "max": "min", "any": "all", "all": "any"}


def edits(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield the mistakes that can be made at this expression, apart from calls and collections."""
    match node:
        case ast.If() | ast.IfExp() | ast.While():
            yield from _negated(source, node.test)
        case ast.comprehension():
            for test in node.ifs:
                yield from _negated(source, test)
        case ast.Compare():
            yield from _compared(source, node)
        case ast.BoolOp():
            yield from _joined(source, node)
        case ast.UnaryOp(op=ast.Not()):
            yield source.replace("negate", node, f"({source.of(node.operand)})")
        case ast.BinOp(op=ast.BitOr()):
            yield from _merged(source, node)
        case ast.BinOp() if type(node.op) in ARITHMETIC:
            old, new = ARITHMETIC[type(node.op)]
            yield source.between("arithmetic", node.left, node.right, old, new)
        case ast.Constant():
            yield from _constant(source, node)
        case ast.JoinedStr():
            yield _longer(source, node)
        case ast.Attribute(value=ast.Name("HTTPStatus")):
            yield source.replace("status", node, f"HTTPStatus.{STATUS_NAME[node.attr]}")
        case ast.Attribute(attr="min" | "max"):
            yield source.replace("extreme", node, f"{source.of(node.value)}.{EXTREME[node.attr]}")
        case ast.Name() if node.id in EXTREME:
            yield source.replace("extreme", node, EXTREME[node.id])


def _negated(source: Source, test: ast.expr) -> Iterator[Edit]:
    """Negate a condition, unless a mistake in the comparison or the `not` that it consists of does so."""
    is_one_comparison = isinstance(test, ast.Compare) and len(test.ops) == 1
    if not is_one_comparison and not isinstance(test, ast.UnaryOp):
        yield source.replace("negate", test, f"not ({source.of(test)})")


def _compared(source: Source, node: ast.Compare) -> Iterator[Edit]:
    operands = [node.left, *node.comparators]
    for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
        old, opposite = OPPOSITE[type(op)]
        yield source.between("compare", left, right, old, opposite)
        if type(op) in BOUND:
            yield source.between("bound", left, right, old, BOUND[type(op)])


def _joined(source: Source, node: ast.BoolOp) -> Iterator[Edit]:
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield source.between("boolean", left, right, old, new)
    for index in range(len(node.values)):
        kept = [source.of(value) for place, value in enumerate(node.values) if place != index]
        yield source.replace("drop_operand", node, f" {old} ".join(f"({text})" for text in kept))


def _merged(source: Source, node: ast.BinOp) -> Iterator[Edit]:
    """Drop one side of `a | b`; of two dicts, also let the other one win.

    A dict that is written out adds members to the other one, so which of the two wins makes no difference.
    """
    left, right = source.of(node.left), source.of(node.right)
    yield source.replace("drop_operand", node, left)
    yield source.replace("drop_operand", node, right)
    is_type = (
        isinstance(source.parents[node], ast.Call) and ast.unparse(source.parents[node].func) == "isinstance"
    )
    if not is_type and not isinstance(node.right, ast.Dict):
        yield source.replace("arithmetic", node, f"{right} | {left}")


def _constant(source: Source, node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        yield source.replace("boolean_constant", node, str(not value))
    elif isinstance(value, int):
        if _is_status(source, node):
            yield source.replace("status", node, str(STATUS[value]))
        else:
            yield source.replace("number", node, str(value + 1))
            yield source.replace("number", node, str(value - 1))
    elif isinstance(value, float):
        yield source.replace("number", node, str(value + 1))
    elif isinstance(value, str):
        if _is_pattern(source, node):
            yield from _pattern(source, node)
        else:
            yield _longer(source, node)


def _is_status(source: Source, node: ast.Constant) -> bool:
    """Whether the number is an HTTP status: the second of a returned pair, an ApiError's, or so named."""
    match source.parents[node]:
        case ast.Tuple() as pair:
            return isinstance(source.parents[pair], ast.Return) and pair.elts[1:] == [node]
        case ast.Call(func=ast.Attribute(attr="ApiError")):
            return True
        case ast.Assign(targets=[ast.Name("status") | ast.Attribute(attr="status_code")]):
            return True
        case ast.Compare(left=ast.Attribute(attr="status_code")):
            return True
    return False


def _is_pattern(source: Source, node: ast.Constant) -> bool:
    parent = source.parents[node]
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and isinstance(parent.func.value, ast.Name)
        and parent.func.value.id == "re"
    )


def _pattern(source: Source, node: ast.Constant) -> Iterator[Edit]:
    """Change a regular expression: the bounds of a repetition and of a range, and what may be absent."""
    start, text = source.start(node), source.of(node)
    for found in re.finditer(r"(?<=[{,])\d+(?=[,}])", text):
        yield Edit("pattern", start + found.start(), start + found.end(), str(int(found[0]) + 1))
    for found in re.finditer(r"(?<=[\])}])\?", text):
        yield Edit("pattern", start + found.start(), start + found.end(), "")
    for found in re.finditer(r"(?<=\[)[^\]]+(?=\])", text):
        for one in re.finditer(r".-.|.", found[0]):
            if len(found[0]) > len(one[0]):
                begin = start + found.start() + one.start()
                yield Edit("pattern", begin, begin + len(one[0]), "")


def _longer(source: Source, node: ast.Constant | ast.JoinedStr) -> Edit:
    """Add a letter at the end of a string."""
    text = source.of(node)
    return source.replace("string", node, f"{text[:-1]}x{text[-1]}")
