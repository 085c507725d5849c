"""Change fixes in processes that are killed: at a boundary that the engine names, or after some time.

One process loads everything and forks for each change: a kill costs milliseconds, and falls on the work.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.library import Library, installed
from lab.workspace import Workspace

PROJECT = Path(__file__).resolve().parent.parent
DEADLINE = 60.0  # seconds


@dataclass(frozen=True)
class Killer:
    """Runs a verb of `lab.operations.fixes` in a process of its own, and kills that."""

    process: "subprocess.Popen[bytes]"

    def run(
        self,
        root: Path,
        verb: str,
        *tokens: str,
        at: int | None = None,
        after: float | None = None,
        when: Callable[[], object] | None = None,
    ) -> int:
        """Returns the exit code; -9 for a process that was killed.

        It is killed `at` its n-th boundary, `after` some seconds, or when `when` returns something true.
        """
        child = self._ask({"root": str(root), "verb": verb, "tokens": tokens, "at": at, "after": after})
        try:
            if when is not None:
                until = time.monotonic() + DEADLINE
                while not when():
                    assert time.monotonic() < until, f"what {verb} was to be killed at did not come"
                os.kill(child, signal.SIGKILL)
        except BaseException:
            with suppress(ProcessLookupError):  # it may have ended
                os.kill(child, signal.SIGKILL)
            self._answer()  # else the next run would take this exit code for the id of its process
            raise
        return self._answer()

    def alembic(self, root: Path, *words: str) -> int:
        """The exit code of plain Alembic, run in the workspace."""
        self._ask({"root": str(root), "verb": "alembic", "tokens": words, "at": None, "after": None})
        return self._answer()

    def _ask(self, order: dict[str, Any]) -> int:
        """Start what is ordered; returns the id of its process."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self.process.stdout
        number: int = json.loads(self.process.stdout.readline())
        return number


@contextmanager
def killer() -> Iterator[Killer]:
    command = [sys.executable, "-m", "tests.killing"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Killer(process)
        finally:
            process.kill()


def _serve() -> None:
    # Loaded once, here: the children start with everything in memory.
    for name in (
        "alembic.runtime.environment",
        "alembic.script",
        "psycopg2.extras",
        "sqlalchemy.dialects.postgresql",
    ):
        import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_act(order))
        os.write(1, json.dumps(child).encode() + b"\n")
        if order["after"] is not None:
            time.sleep(order["after"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.write(1, json.dumps(os.waitstatus_to_exitcode(status)).encode() + b"\n")


def _act(order: dict[str, Any]) -> int:
    return _alembic(order) if order["verb"] == "alembic" else _change(order)


def _alembic(order: dict[str, Any]) -> int:
    from alembic.config import main

    os.chdir(order["root"])
    os.environ["LAB_DATABASE_URL"] = Workspace(Path(order["root"])).database_url_file.read_text()
    sys.dont_write_bytecode = True
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        main(order["tokens"])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _workspace(root: Path) -> Workspace:
    """The workspace, which is its own library if it has a lab.toml."""
    return Workspace(root, Library(root) if (root / "lab.toml").exists() else installed())


def _change(order: dict[str, Any]) -> int:
    from lab.engine.transaction import Options
    from lab.operations import fixes

    passed = 0

    def checkpoint(_: str) -> None:
        nonlocal passed
        if passed == order["at"]:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    try:
        options = Options(checkpoint=checkpoint)
        getattr(fixes, order["verb"])(
            _workspace(Path(order["root"])), order["tokens"], restart=False, options=options
        )
    except LabError as error:
        os.write(2, f"{error}\n".encode())
        return error.exit_code
    return 0


if __name__ == "__main__":
    _serve()
