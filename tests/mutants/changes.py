"""What one kind of mistake makes of a short text; for the tests of the kinds."""

import ast
from collections.abc import Callable, Iterator

from tests.mutants.source import Edit, Source

Kind = Callable[[Source, ast.AST], Iterator[Edit]]


def changes(kind: Kind, text: str, operator: str) -> list[str]:
    """Return the text with each mistake of the operator, in the order of the tree."""
    source = Source(text)
    found = [edit for node in ast.walk(source.tree) for edit in kind(source, node)]
    return [source.apply(edit) for edit in found if edit.operator == operator]
