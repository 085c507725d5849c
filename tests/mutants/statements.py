"""Mistakes in statements: one is lost, an early return is forgotten, an error is not handled."""

import ast
from collections.abc import Iterator

from tests.mutants.source import Edit, Source


def edits(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield the mistakes that can be made at this statement, apart from its expressions."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Break() | ast.Continue():
            yield source.replace("drop_statement", node, "pass")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield source.replace("drop_statement", node, "pass")
        case ast.Assign(targets=[ast.Name(id=name)]) if _has_another(source, node, name):
            yield source.replace("drop_statement", node, "pass")
        case ast.Return() if _is_early(source, node):
            yield source.replace("drop_return", node, "pass")
        case ast.ExceptHandler() if not isinstance(node.body[0], ast.Raise):
            yield Edit("drop_handler", source.start(node.body[0]), source.end(node.body[-1]), "raise")
        case ast.FunctionDef():
            for decorator in node.decorator_list:
                yield _undecorated(source, decorator)


def _has_another(source: Source, node: ast.Assign, name: str) -> bool:
    """Whether the name has a value without this assignment: an argument's, an earlier or an inherited one."""
    scope = next(
        one for one in source.ancestors(node) if isinstance(one, ast.FunctionDef | ast.ClassDef | ast.Module)
    )
    if isinstance(scope, ast.ClassDef):
        return True
    if isinstance(scope, ast.FunctionDef) and name in {one.arg for one in scope.args.args}:
        return True
    return any(
        isinstance(one, ast.Name)
        and one.id == name
        and isinstance(one.ctx, ast.Store)
        and one.lineno < node.lineno
        for one in ast.walk(scope)
    )


def _is_early(source: Source, node: ast.Return) -> bool:
    """Whether a statement of the same function comes after the branch that returns here."""
    inner: ast.AST = node
    for outer in source.ancestors(node)[1:]:
        body = getattr(outer, "body", [])
        if isinstance(body, list) and inner in body and body[-1] is not inner:
            return True
        if isinstance(outer, ast.FunctionDef):
            return False
        inner = outer
    return False


def _undecorated(source: Source, decorator: ast.expr) -> Edit:
    begin = source.text.rindex("@", 0, source.start(decorator))
    rest = source.text[source.end(decorator) :]
    return Edit("drop_decorator", begin, len(source.text) - len(rest.lstrip()), "")
