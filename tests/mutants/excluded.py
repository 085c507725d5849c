"""The parts of the app in which no mistake is made, each with the reason."""

import ast
from pathlib import PurePosixPath

from tests.mutants.calls import name_of
from tests.mutants.source import Source

LOG_ONLY = frozenset({"_log_request", "log_unreachable", "_start_clock"})
"""Functions that only log a request or an error."""

STOP_ONLY = frozenset(
    {"stop", "_finish", "_accept_last", "_is_awaited"}
    | {"STOP_TIMEOUT", "FIRST_REQUEST_TIMEOUT", "HANDSHAKE_TIME", "SO_ATTACH_FILTER", "DROP_SYN"}
)
"""Functions and constants of the server that only a stop uses."""

ERRORS = frozenset({"ApiError", "BadRequest", "Forbidden", "NotFound", "Conflict", "ValueError"})


def reason(source: Source, node: ast.AST, file: PurePosixPath) -> str | None:
    """Return why no mistake is made at this node, or None if one is."""
    chain = source.ancestors(node)
    for inner, outer in zip([None, *chain], chain, strict=False):
        found = _syntax(inner, outer) or _words(inner, outer) or _log(outer) or _schema(inner, outer)
        found = found or _server(source, outer, file)
        if found is not None:
            return found
    return None


def _syntax(inner: ast.AST | None, outer: ast.AST) -> str | None:
    match outer:
        case ast.Import() | ast.ImportFrom():
            return "an import"
        case ast.Expr(value=ast.Constant()):
            return "a docstring"
        case ast.AnnAssign(annotation=part) | ast.arg(annotation=part) if part is inner and inner is not None:
            return "a type"
        case ast.FunctionDef(returns=part) if part is inner and inner is not None:
            return "a type"
        case ast.JoinedStr() if inner is not None:
            return "a part of an f-string: before Python 3.12, it has no exact position"
        case ast.Dict(keys=keys) if inner in keys:
            return "a member's name: a renamed member is a lost one"
        case ast.Call(func=ast.Name("dataclass")):
            return "how a class is made, not what it does"
    return None


def _words(inner: ast.AST | None, outer: ast.AST) -> str | None:
    """The words of an error: the contract leaves them open."""
    match outer:
        case ast.Call(args=[first, *_]) if name_of(outer) in ERRORS and first is inner:
            pass
        case ast.keyword(arg="error", value=value) if value is inner:
            pass
        case ast.Call(args=[_, word, *_]) if name_of(outer) in {"path_id", "_unexpected"} and word is inner:
            pass
        case ast.Assign(targets=[ast.Name("message")]) | ast.FunctionDef(name="_quoted"):
            pass
        case ast.If(body=[ast.Assign(targets=[ast.Name("message")])], orelse=[]):
            pass
        case _:
            return None
    return "the words of an error"


def _log(outer: ast.AST) -> str | None:
    if isinstance(outer, ast.FunctionDef) and outer.name in LOG_ONLY:
        return "only for the log"
    call = outer.value if isinstance(outer, ast.Expr) else outer
    if isinstance(call, ast.Call):
        name = ast.unparse(call.func)
        if name in LOG_ONLY or name.startswith(("_LOG.", "logging.", "current_app.logger.", "errors.log_")):
            return "only for the log"
    return None


def _schema(inner: ast.AST | None, outer: ast.AST) -> str | None:
    """What only migrations read of a model: sizes, indexes, constraints and the defaults' values."""
    match outer:
        case ast.Assign(targets=[ast.Name("__table_args__" | "metadata")]):
            pass
        case ast.Call(func=ast.Attribute(attr="MetaData" | "ForeignKey" | "String")):
            pass
        case ast.keyword(arg="index" | "unique"):
            pass
        case ast.keyword(arg="server_default") if inner is not None:
            pass
        case _:
            return None
    return "only for migrations"


def _server(source: Source, outer: ast.AST, file: PurePosixPath) -> str | None:
    """The echo of SQL, and the end of a service."""
    name = ""
    match outer:
        case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(name)]):
            pass
    if name == "_TRUE" or (isinstance(outer, ast.If) and "SQLALCHEMY_ECHO" in source.of(outer.test)):
        return "only for the echo of SQL"
    is_signal = isinstance(outer, ast.For) and "signal." in source.of(outer.iter)
    is_finish = isinstance(outer, ast.Expr) and source.of(outer) == "_finish(server)"
    if file.name == "serve.py" and (name in STOP_ONLY or is_signal or is_finish):
        return "only for the end of a service"
    return None
