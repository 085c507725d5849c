"""Why a program in a box failed is told, also when it was killed before it could tell."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import sandbox
from lab.errors import EnvironmentFault
from lab.operations.boxed_program import BoxedProgram, program_in_box
from lab.progress import silent
from tests.conftest import PROJECT

pytestmark = pytest.mark.skipif(not sandbox.nests(sandbox.found()), reason="this machine can make no box")


@contextmanager
def boxed(line: str, errors: Path) -> Iterator[BoxedProgram]:
    """A program in a box that does what the line says."""
    module = "tests.lab.operations.run_line"
    with program_in_box(module, PROJECT, {}, {}, errors, sandbox.found(), "It failed", silent) as program:
        assert program.child.stdin is not None
        program.child.stdin.write(f"{line}\n".encode())
        program.child.stdin.flush()
        yield program


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import os; os.kill(os.getpid(), 9)", "it was ended by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "it was ended by SIGSEGV"),
        ("raise SystemExit(3)", "it ended with exit code 3"),
        ("raise SystemExit('no space')", "no space"),
        ("print('no message', flush=True); 1 / 0", "ZeroDivisionError: division by zero"),
        ("""print('{"problem": "No."}', flush=True); import time; time.sleep(60)""", "No."),
    ],
)
def test_the_reason_is_what_the_program_said_or_how_it_ended(line: str, told: str, tmp_path: Path) -> None:
    with boxed(line, tmp_path / "errors") as program, pytest.raises(EnvironmentFault) as raised:
        program.listen(str)
    assert raised.value.message == f"It failed: {told}"


def test_a_crash_of_the_interpreter_leaves_a_traceback(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    with boxed("import ctypes; ctypes.string_at(0)", errors) as program, pytest.raises(EnvironmentFault):
        program.listen(str)
    assert "Segmentation fault" in errors.read_text()
    assert "run_line.py" in errors.read_text()


def test_a_result_ends_the_wait_and_the_program_goes_on(tmp_path: Path) -> None:
    line = """for one in ('one', 'two'): print('{"result": "%s"}' % one, flush=True)"""
    with boxed(line, tmp_path / "errors") as program:
        assert [program.listen(str), program.listen(str)] == ["one", "two"]
