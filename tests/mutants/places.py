"""The places of the fixed app where a small mistake can be made, with one mistake for each.

Each Python file of app/ is searched. The kinds of mistake are in `expressions`, `calls` and `statements`.
Not a place, by rule (`excluded` finds them, and has the reasons):

- imports, docstrings, types, how a dataclass is made
- the words of an error, which the contract leaves open
- what is only for the log, for the echo of SQL or for the end of a service
- what only migrations read of a model: sizes, indexes, constraints and their names, foreign keys, and the
  values of server defaults. That a column has a server default is a place, because an INSERT depends on it.
- the name of a dict's member: a renamed member is a lost one, which is a place
- the inside of an f-string, whose positions are not exact before Python 3.12; the whole is a place

Mistakes that give the same syntax tree are one place; a mistake that leaves the tree as it is is none.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import PurePosixPath

from tests.mutants import calls, excluded, expressions, statements
from tests.mutants.fixed_code import fixed_files
from tests.mutants.source import Edit, Source


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: at this line and column (both from 1) of the fixed file, `after` stands for `before`.

    The id names the function, the kind of mistake and its number among those.
    """

    id: str
    file: str
    line: int
    column: int
    operator: str
    before: str
    after: str


@cache
def places() -> tuple[Mutant, ...]:
    """Return a mistake for each place, in the order of the code."""
    return tuple(chain.from_iterable(_of_file(file, text) for file, text in fixed_files().items()))


def _of_file(file: str, text: str) -> Iterator[Mutant]:
    source = Source(text)
    path = PurePosixPath(file)
    found: dict[str, tuple[Edit, str]] = {}
    for node in ast.walk(source.tree):
        if excluded.reason(source, node, path) is not None:
            continue
        for module in (expressions, calls, statements):
            for edit in module.edits(source, node):
                found.setdefault(ast.dump(ast.parse(source.apply(edit))), (edit, _scope(source, node)))
    found.pop(ast.dump(source.tree), None)
    module = ".".join(path.with_suffix("").parts[1:])
    numbers: Counter[str] = Counter()
    for edit, scope in sorted(
        found.values(), key=lambda one: (one[0].start, one[0].end, one[0].operator, one[0].after)
    ):
        name = f"{module}{scope}:{edit.operator}"
        numbers[name] += 1
        line, column = source.line(edit.start)
        before = text[edit.start : edit.end]
        yield Mutant(f"{name}:{numbers[name]}", file, line, column, edit.operator, before, edit.after)


def _scope(source: Source, node: ast.AST) -> str:
    """Return the name of the class and the function that the node is in, each after a dot."""
    around = [one for one in source.ancestors(node) if isinstance(one, ast.ClassDef | ast.FunctionDef)]
    return "".join(f".{one.name}" for one in reversed(around))
