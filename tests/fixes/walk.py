"""Reach subsets of the fixes in random orders, and write down what code and schema each of them gives.

A program, so that several walk at once: `python -m tests.fixes.walk ROOT SEED SUBSET…`; a subset: 1,3,5.
"""

import contextlib
import io
import json
import os
import random
import sys
from importlib import import_module
from pathlib import Path

from lab.engine.fingerprint import schema_fingerprint
from lab.operations import fixes
from lab.workspace import Workspace

CODE = ("app", "compose", "migrations", "seed", "alembic.ini")


def code(root: Path) -> dict[str, str]:
    """Every file of the code under repair; a character stands for a byte."""
    tops = [root / top for top in CODE]
    found = [path for top in tops for path in ([top] if top.is_file() else sorted(top.rglob("*")))]
    return {
        str(path.relative_to(root)): path.read_bytes().decode("latin-1")
        for path in found
        if path.is_file() and "__pycache__" not in path.parts
    }


def check(root: Path, url: str) -> str:
    """What `alembic check` has to say, in a child, for it imports the code as it now is; empty when clean."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, _check(root, url).encode()[:4000])
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def _check(root: Path, url: str) -> str:
    from alembic import command
    from alembic.config import Config

    os.environ["LAB_DATABASE_URL"] = url
    os.chdir(root)
    for name in [name for name in sys.modules if name.partition(".")[0] in {"app", "migrations"}]:
        del sys.modules[name]  # the parent loaded the code as it was then, or that of another folder
    sys.dont_write_bytecode = True  # the next child would take it for that of the file as it is then
    silence = io.StringIO()
    try:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            command.check(Config("alembic.ini", stdout=silence))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def walk(root: Path, url: str, seed: int, subset: tuple[int, ...]) -> dict[str, object]:
    """Apply the subset one by one, look, revert it one by one, look again."""
    workspace, order = Workspace(root), random.Random(f"{seed} {subset}")
    shipped = code(root), schema_fingerprint(url)
    forth, back = (order.sample(subset, len(subset)) for _ in range(2))
    for number in forth:
        fixes.apply(workspace, [str(number)])
    found = {
        "subset": subset,
        "order": forth,
        "code": code(root),
        "schema": schema_fingerprint(url).splitlines(),
        "check": check(root, url),
    }
    for number in back:
        fixes.revert(workspace, [str(number)])
    return {**found, "back": back, "clean": (code(root), schema_fingerprint(url)) == shipped}


def main() -> None:
    root, seed = Path(sys.argv[1]), int(sys.argv[2])
    url = Workspace(root).database_url_file.read_text()
    # Loaded once, here: each check starts with everything in memory but the code that it is about.
    for name in ("alembic.command", "flask", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql"):
        import_module(name)
    for word in sys.argv[3:]:
        subset = tuple(int(number) for number in word.split(",") if number != "none")
        sys.stdout.write(json.dumps(walk(root, url, seed, subset)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
