"""Which files of `lab` a handout gets: those that a candidate's commands use, and nothing that measures."""

import ast
from collections.abc import Iterator, Mapping

from lab.source_files import SourceFile

ROOTS = ("lab.__main__", "lab.runtime.guard", "lab.engine.guest.history", "lab.engine.guest.watched")
"""The programs: what is run, by its name or by its path."""

WHOLE = "lab/runtime/"
"""Some of its files are run by their paths."""

DATA = ".toml"
"""The ending of files that the modules beside them read."""

INTERVIEWERS = frozenset(
    f"lab.cli.{name}"
    for name in ("card", "check", "fix", "forget", "give", "grade", "handout", "mark", "new", "regrade")
)
"""The command line imports these, and a handout replaces their commands: what they use is not needed."""


def candidate_tool(files: Mapping[str, SourceFile]) -> dict[str, SourceFile]:
    """Return those of the package's files, by paths such as `lab/errors.py`, that a candidate needs."""
    modules = {_module(name): name for name in files if name.endswith(".py")}
    waiting, reached = list(ROOTS), set[str]()
    while waiting:
        name = waiting.pop()
        if name in reached or name not in modules:
            continue
        reached.add(name)
        waiting.append(name.rpartition(".")[0])
        if name not in INTERVIEWERS:
            waiting += _imports(files[modules[name]].content)
    kept = {modules[name] for name in reached}
    kept |= {name for name in files if name.endswith(DATA) and _package_of(name) in kept}
    return {name: file for name, file in files.items() if name in kept or name.startswith(WHOLE)}


def _package_of(name: str) -> str:
    return f"{name.rpartition('/')[0]}/__init__.py"


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports(source: bytes) -> Iterator[str]:
    """Yield every module that may be imported, those within functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
