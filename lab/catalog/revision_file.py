"""Check a fix's migration, or make an ordinary one of it. It is not run, and Alembic is not loaded."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ALLOWED = frozenset({"alembic", "sqlalchemy", "__future__"})


def check_revision(path: Path, revision: str, label: str) -> list[str]:
    """Return the mistakes in a fix's migration file, which must have this revision id and branch label."""
    try:
        source = path.read_bytes()
    except OSError as error:
        return [f"{path.name}: cannot be read: {error.strerror}"]
    return [f"{path.name}: {problem}" for problem in _check(source, revision, label)]


def does_nothing(path: Path) -> bool:
    """Return whether the upgrade in a fix's migration file, which has no mistakes, is empty."""
    functions = {n.name: n for n in ast.parse(path.read_bytes()).body if isinstance(n, ast.FunctionDef)}
    return _is_empty(functions["upgrade"])


@lru_cache(maxsize=64)
def _check(source: bytes, revision: str, label: str) -> tuple[str, ...]:
    try:
        return tuple(_problems(ast.parse(source), revision, label))
    except (SyntaxError, ValueError) as error:
        return (f"cannot be read as Python: {error}",)


def plain_revision(text: str, revision: str, down_revision: str) -> str:
    """Return the text of a fix's migration as an ordinary revision after `down_revision`, without comments.

    Raises tokenize.TokenError, SyntaxError: it is no Python.
    """
    plain = _without_comments(text)
    for name, value in (
        ("revision", repr(revision).replace("'", '"')),
        ("down_revision", repr(down_revision).replace("'", '"')),
        ("branch_labels", "None"),
        ("depends_on", "None"),
    ):
        plain = re.sub(rf"^{name}\b.*=.*$", f"{name} = {value}", plain, count=1, flags=re.M)
    plain = re.sub(r"^Revision ID:.*$", f"Revision ID: {revision}", plain, count=1, flags=re.M)
    return re.sub(r"^Revises:.*$", f"Revises: {down_revision}", plain, count=1, flags=re.M)


def _without_comments(text: str) -> str:
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type == tokenize.COMMENT:
            (row, column), line = token.start, lines[token.start[0] - 1]
            before = line[:column].rstrip()
            lines[row - 1] = f"{before}\n" if before else ""
    return "".join(lines)


def _problems(tree: ast.Module, revision: str, label: str) -> Iterator[str]:
    for module in sorted(_imports(tree) - ALLOWED):
        yield f"imports {module or 'a relative module'}; only alembic and sqlalchemy may be"
    names = _assigned(tree)
    if names.get("revision") != revision:
        yield f"revision: {names.get('revision')!r}, but it must be {revision!r}"
    labels = names.get("branch_labels")
    if labels != label and list(labels if isinstance(labels, (list, tuple)) else ()) != [label]:
        yield f"branch_labels: {labels!r}, but it must be {(label,)!r}"
    for key in ("down_revision", "depends_on"):
        if names.get(key) is not None or (key == "down_revision" and key not in names):
            yield f"{key}: must be None, because each fix is applied and reverted alone"
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for verb in ("upgrade", "downgrade"):
        if verb not in functions:
            yield f"{verb}: missing"
        elif any(isinstance(node, ast.Raise) for node in functions[verb].body):
            yield f"{verb}: not written yet"
    if functions.keys() >= {"upgrade", "downgrade"}:
        if not _is_empty(functions["upgrade"]) and _is_empty(functions["downgrade"]):
            yield "downgrade: does nothing, but upgrade does something"
        yield from _not_repeatable(functions["upgrade"], functions["downgrade"])


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("" if node.level else (node.module or "").partition(".")[0])
    return found


def _assigned(tree: ast.Module) -> dict[str, object]:
    found: dict[str, object] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                try:
                    found[target.id] = ast.literal_eval(value)
                except ValueError:
                    found[target.id] = ast.unparse(value)
    return found


def _is_empty(function: ast.FunctionDef) -> bool:
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )


def _not_repeatable(upgrade: ast.FunctionDef, downgrade: ast.FunctionDef) -> Iterator[str]:
    """CONCURRENTLY runs outside a transaction. After a kill it runs again, although its work may be done."""
    for function, option in ((upgrade, "if_not_exists"), (downgrade, "if_exists")):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            options = {keyword.arg for keyword in call.keywords}
            if "postgresql_concurrently" in options and option not in options:
                yield f"{function.name}: line {call.lineno}: CONCURRENTLY needs {option}=True, to run again"
