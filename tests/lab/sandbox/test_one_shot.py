"""A one-shot command ends within its time and its amount of output, and its result comes back."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import TimedOut
from lab.sandbox import Bounds, Level, MemoryTooLarge, OutputTooLarge, Wall, found, run, walled
from lab.shell import Finished

MEANS = found()
WALL = Wall(environment={"PATH": "/usr/bin:/bin"})


def python(code: str, bounds: Bounds | None = None, stdin: bytes = b"") -> Finished:
    return run([sys.executable, "-c", code], WALL, bounds or Bounds(), MEANS, stdin=stdin)


def test_the_exit_code_and_both_outputs_come_back() -> None:
    finished = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (finished.code, finished.stdout, finished.stderr) == (3, b"out\n", b"err\n")


WAITS = """
import sys, time
from pathlib import Path
print("err", file=sys.stderr)
print("1", flush=True)
while not Path(sys.argv[1]).exists():
    time.sleep(0.01)
print("2")
"""


def test_standard_output_is_received_while_it_comes(tmp_path: Path) -> None:
    """The command goes on once its first line was received."""
    tmp_path.chmod(0o755)
    file, parts = tmp_path / "received", list[bytes]()

    def received(part: bytes) -> None:
        parts.append(part)
        file.touch()

    wall = replace(WALL, readable={tmp_path: Path("/lab")})
    words = [sys.executable, "-c", WAITS, wall.inside(file, MEANS)]
    finished = run(words, wall, Bounds(), MEANS, received=received)
    assert b"".join(parts) == finished.stdout == b"1\n2\n"


def test_input_larger_than_a_pipe_is_read() -> None:
    finished = python("import sys; print(len(sys.stdin.buffer.read()))", stdin=bytes(2**20))
    assert finished.stdout == b"1048576\n"


def test_input_that_is_not_read_does_no_harm() -> None:
    assert python("pass", stdin=bytes(2**20)).code == 0


def test_a_command_that_does_not_end_is_killed() -> None:
    with pytest.raises(TimedOut, match=r"within 0\.5 s"):
        python("import time; time.sleep(600)", Bounds(seconds=0.5))


def test_a_command_that_closes_its_output_is_killed_too() -> None:
    with pytest.raises(TimedOut):
        python("import os, time; os.closerange(0, 3); time.sleep(600)", Bounds(seconds=0.5))


def test_endless_output_ends_the_command() -> None:
    with pytest.raises(OutputTooLarge, match="1000000 bytes"):
        python("while True: print('x' * 1000)", Bounds(output=1_000_000))


def test_a_daemon_with_the_output_open_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os, time\nif os.fork() == 0:\n os.setsid()\n time.sleep(5)"
    monkeypatch.setenv("LAB_SANDBOX", Level.LANDLOCK)
    finished = run([sys.executable, "-c", code], WALL, Bounds(seconds=3), found())
    assert finished.code == 0


def test_processor_time_is_bounded() -> None:
    assert python("while True: pass", Bounds(cpu=1)).code > 128


def test_a_missing_program_is_reported() -> None:
    finished = run(["no-such-program"], WALL, Bounds(), MEANS)
    assert (finished.code, finished.last_line) == (
        127,
        "no-such-program cannot be run: No such file or directory",
    )


def test_no_variable_of_the_command_acts_on_a_program_outside() -> None:
    """Its names are hidden: the dynamic loader, for one, finds no LD_PRELOAD."""
    command = walled(["true"], Wall(environment={"LD_PRELOAD": "x", "PYTHONHOME": "y"}), Bounds(), MEANS)
    assert command.environment == {"WALLED_0": "LD_PRELOAD=x", "WALLED_1": "PYTHONHOME=y"}
    assert not any("LD_PRELOAD" in word for word in command.argv)


def test_odd_names_and_values_of_variables_arrive() -> None:
    odd = {"a.b": "c=d\n", "EMPTY": "", "é": "ü"}
    code = f"import os; odd = {odd!r}; assert odd.items() <= os.environ.items(), os.environ"
    finished = run([sys.executable, "-c", code], Wall(environment=odd), Bounds(), MEANS)
    assert (finished.code, finished.stderr) == (0, b"")


def test_a_folder_is_shown_at_another_path(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "file").write_text("content")
    wall = Wall(readable={tmp_path: Path("/lab")}, folder=tmp_path / "part")
    assert wall.inside(tmp_path / "part" / "file", MEANS) == Path("/lab/part/file")
    finished = run(["sh", "-c", "pwd; cat file"], wall, Bounds(), MEANS)
    assert finished.stdout == b"/lab/part\ncontent"


@pytest.mark.parametrize("grow", ["fill()", "[os.fork() == 0 and fill() for _ in range(4)]; time.sleep(60)"])
def test_a_command_whose_processes_use_too_much_memory_is_killed(grow: str) -> None:
    code = (
        f"import os, time\ndef fill():\n x = [bytes([1]) * 2**20 for _ in range(60)]; time.sleep(60)\n{grow}"
    )
    most = 40 * 2**20 if grow == "fill()" else 150 * 2**20  # four have more together, none alone
    with pytest.raises(MemoryTooLarge, match=r"MiB of memory"):
        python(code, Bounds(memory=most))
