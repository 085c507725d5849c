"""Read a revision's file: where its statements begin, its waivers, and what is wrong by its text alone."""

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from lab.review.finding import FAILED, Basis, Finding, meanings

WAIVER = re.compile(r"#\s*review:\s*ignore\[([^\]]*)\]\s*(.*)")
ENVIRONMENT = (
    "os.environ",
    "os.getenv",
    "socket.gethostname",
    "platform.",
    "getpass.getuser",
    "sys.platform",
)
CLOCK = re.compile(r"\b(?:(?:datetime|date)\.(?:now|utcnow|today)|time\.(?:time|localtime|gmtime|strftime))$")
LARGEST = 2**20
"""Bytes of a revision's file that is read."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A comment at `line` that waives a finding at one of the lines that it `covers`.

    These are its own, or, if it is alone on its line, that of the statement below.
    """

    id: str
    line: int
    reason: str
    covers: int

    def fits(self, one: Finding) -> bool:
        return one.id == self.id and one.id not in FAILED and one.line in (0, self.covers)


@dataclass(frozen=True)
class Source:
    """A revision's file: its path in the workspace, and its text."""

    file: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one if the text is no Python."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        found = []
        try:
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                if token.type == tokenize.COMMENT and (waiver := WAIVER.match(token.string)):
                    line = token.start[0]
                    alone = not token.line[: token.start[1]].strip()
                    covers = self._below(line) if alone else line
                    ids = waiver[1].split(",")
                    found += [Waiver(id_.strip(), line, waiver[2].strip(), covers) for id_ in ids]
        except (tokenize.TokenError, SyntaxError):
            pass
        return tuple(found)

    def _below(self, line: int) -> int:
        """Return the next line that is neither a comment nor empty."""
        lines = self.text.splitlines()
        rest = range(line, len(lines))
        return next((n + 1 for n in rest if (text := lines[n].strip()) and not text.startswith("#")), line)

    @cached_property
    def _by_line(self) -> dict[int, ast.stmt]:
        """The innermost statement that has each line: `ast.walk` yields inner ones later."""
        found: dict[int, ast.stmt] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt):
                found |= dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node)
        return found

    def statement_at(self, line: int) -> ast.stmt | None:
        """Return the innermost statement that has this line."""
        return self._by_line.get(line)

    def start_of(self, line: int) -> int:
        """Return the first line of the statement that has this line."""
        found = self.statement_at(line)
        return found.lineno if found else line

    def is_empty(self, function: str) -> bool:
        """Whether the function has nothing to do: no statement but `pass`, `return` and a docstring."""
        return not any(
            isinstance(node, ast.FunctionDef) and node.name == function and not all(map(_is_idle, node.body))
            for node in self.tree.body
        )

    @property
    def ids(self) -> set[str]:
        """The ids that `revision` gives to it: one, if the file is right."""
        return set(self._texts_of("revision"))

    @property
    def parents(self) -> dict[str, int]:
        """The revisions that `down_revision` names, with the line."""
        return self._texts_of("down_revision")

    def _texts_of(self, variable: str) -> dict[str, int]:
        """Return the texts in the value of a variable of the module, with the line."""
        found: dict[str, int] = {}
        for node in self.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [one.id for one in targets if isinstance(one, ast.Name)]
            if variable in names and (value := getattr(node, "value", None)) is not None:
                found |= {
                    one.value: node.lineno
                    for one in ast.walk(value)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
        return found


def _is_idle(node: ast.stmt) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Pass) or (isinstance(node, ast.Return) and node.value is None)


def read_sources(root: Path, files: Iterable[str]) -> tuple[Source, ...]:
    """Return the files below `root`. One that cannot be read is empty.

    The names come from the candidate's code: a link, a path out of `root` and what is no ordinary file are
    not read.
    """
    return tuple(
        Source(file, (read_inside(root, file) or b"").decode("utf-8-sig", errors="replace")) for file in files
    )


def read_inside(root: Path, file: str) -> bytes | None:
    """Return the content of a plain file of ordinary size below `root`; None if it is none."""
    path = root / file
    try:
        inside = root.resolve() in (resolved := path.resolve(strict=True)).parents
        if (
            not inside
            or resolved != root.resolve() / file
            or Path(file).is_absolute()
            or not path.is_file()
            or path.stat().st_size > LARGEST
        ):
            return None
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError):
        return None


def by_rule(source: Source, packages: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong by the text. `packages` are those of the code under repair."""
    seen = set[tuple[str, int]]()
    for id_, line, what in (*_imports(source, packages), *_machine(source), *_swallowed(source)):
        if (id_, line) not in seen:
            seen.add((id_, line))
            yield Finding(id_, source.file, line, Basis.RULE, what)


def _imports(source: Source, packages: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            if name.partition(".")[0] in packages:
                assert isinstance(node, ast.stmt)
                yield "app-code-imported", node.lineno, f"It imports {name}."


def _machine(source: Source) -> Iterator[tuple[str, int, str]]:
    known = dict(_imported(source))
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute | ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        first, *rest = _dotted(node)
        if first not in known:
            continue
        name = ".".join([known[first], *rest])
        if name.startswith(ENVIRONMENT):
            yield "depends-on-environment", source.start_of(node.lineno), f"It reads {name}."
        if CLOCK.search(name):
            yield "depends-on-time", source.start_of(node.lineno), f"It asks the clock: {name}."


def _dotted(node: ast.expr) -> list[str]:
    """Return the names of `a.b.c`; one empty name if it begins with something else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(names)]


def _imported(source: Source) -> Iterator[tuple[str, str]]:
    """Yield what the names of the file's imports stand for, such as `dt` for `datetime`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _swallowed(source: Source) -> Iterator[tuple[str, int, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Try):
            caught = [one.type for one in node.handlers if not _raises(one)]
        elif isinstance(node, ast.With) and _is_suppress(node):
            caught = list(node.items[0].context_expr.args)  # type: ignore[attr-defined]
        else:
            continue
        if any(map(_is_of_database, caught)) and _executes(node.body):
            yield "error-swallowed", node.lineno, "It goes on after an error of the statements in it."


def _is_suppress(node: ast.With) -> bool:
    call = node.items[0].context_expr
    return isinstance(call, ast.Call) and _name_of(call.func) == "suppress"


def _name_of(node: ast.AST) -> str:
    return _dotted(node)[-1] if isinstance(node, ast.Name | ast.Attribute) else ""


def _is_of_database(caught: ast.expr | None) -> bool:
    """Whether errors of the database are among these: Python's own are not, but for the general ones."""
    if isinstance(caught, ast.Tuple):
        return any(map(_is_of_database, caught.elts))
    name = _name_of(caught) if caught else "Exception"
    return name in {"Exception", "BaseException"} or not hasattr(builtins, name)


def _executes(body: Sequence[ast.stmt]) -> bool:
    calls = (node for one in body for node in ast.walk(one) if isinstance(node, ast.Call))
    names = [
        _dotted(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else [""] for call in calls
    ]
    return any(found[0] == "op" or found[-1].startswith("execute") for found in names)


def _raises(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Raise) for one in ast.walk(node))


def waived(source: Source, findings: Sequence[Finding], *, complete: bool = True) -> Iterator[Finding]:
    """Yield the file's findings, waived where a comment says so, and what is wrong with the comments.

    A waiver is on the statement's first line, or in the comment above it. For a finding without a line, it
    can be on any line. A failed upgrade cannot be waived. Unless all was measured (`complete`), no waiver is
    told to be unused.
    """
    used = set[Waiver]()
    for one in findings:
        fits = [waiver for waiver in source.waivers if waiver.fits(one)]
        used.update(fits)
        yield replace(one, waived=fits[0].reason or "(no reason is given)") if fits else one
    for waiver in source.waivers:
        if waiver.id not in meanings():
            text = f"There is no finding {waiver.id!r}, so it waives nothing."
            yield Finding("waiver-unknown", source.file, waiver.line, Basis.RULE, text)
        elif waiver.id in FAILED:
            yield Finding(
                "waiver-unknown", source.file, waiver.line, Basis.RULE, f"{waiver.id} cannot be waived."
            )
        elif waiver not in used and complete:
            text = f"No {waiver.id} was found at this statement."
            yield Finding("waiver-unused", source.file, waiver.line, Basis.RULE, text)
        elif waiver in used and not waiver.reason:
            text = f"It does not say why {waiver.id} can be accepted here."
            yield Finding("waiver-without-reason", source.file, waiver.line, Basis.RULE, text)
