"""Run one command to its end: an argument list in, its exit code and output out."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.errors import EnvironmentFault, TimedOut

IMPORTS_FROM_FOLDER = {"PYTHONSAFEPATH": ""}
"""For a command of the library: `python -m` searches its current folder, whatever the user has set."""

TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit code and the output of a command that has ended."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def last_line(self) -> str:
        """The last line of standard error, else of standard output: most often the reason of a failure.

        After a Python traceback it is the line that names the exception, although more lines may follow.
        Without any output it is the exit code.
        """
        lines = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace").splitlines()
        if TRACEBACK in lines:
            start = len(lines) - lines[::-1].index(TRACEBACK)
            lines = [line for line in lines[start:] if line and not line[0].isspace()][:1] or lines
        return lines[-1].strip() if lines else f"exit code {self.code}"


def argv_of(words: Sequence[str]) -> list[str]:
    """Return the command, with this interpreter in place of a first word `python`."""
    return [*[sys.executable if word == "python" else word for word in words[:1]], *words[1:]]


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    stdin: bytes = b"",
) -> Finished:
    """Run `argv`, wait for its end, and return its output and exit code, whatever the code is.

    `env` is added to this process's environment, `stdin` is the command's input. The command gets a process
    group of its own, which is killed after `timeout` seconds, or when the caller is interrupted.

    Raises:
        EnvironmentFault: the program does not exist or cannot be run.
        TimedOut: the command did not end within `timeout` seconds.
    """
    words = tuple(str(word) for word in argv)
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except OSError as error:
        raise EnvironmentFault(
            f"{words[0]} cannot be run: {error.strerror}.", "To see what the lab needs: lab doctor"
        ) from error
    with child:
        try:
            stdout, stderr = child.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            _kill_group(child)
            raise TimedOut(f"{Path(words[0]).name} did not finish within {timeout:g} s.") from error
        except BaseException:
            _kill_group(child)
            raise
    return Finished(words, child.returncode, stdout, stderr)


def run_in_terminal(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run `argv` with this process's terminal until it ends, and return its exit code as a shell tells it.

    `env` is added to this process's environment. Ctrl-C and Ctrl-\\ are left to the command, which the
    terminal sends them to as well; SIGTERM and SIGHUP are passed on to it. What is ignored stays ignored.
    Call this from the main thread.

    Raises EnvironmentFault: the program cannot be run.
    """
    running: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _: object) -> None:
        for child in running:
            child.send_signal(number)
        if not running:
            early.append(number)

    def leave(*_: object) -> None:
        """A handler, which the command does not inherit: what is ignored, it would ignore too."""

    before = {
        number: handler
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
        if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    for number in before:
        signal.signal(number, leave if number in (signal.SIGINT, signal.SIGQUIT) else pass_on)
    try:
        running.append(subprocess.Popen(argv, env={**os.environ, **env}))
        for one in early:
            running[0].send_signal(one)
        code = running[0].wait()
    except OSError as error:
        raise EnvironmentFault(f"{argv[0]} cannot be run: {error.strerror}.") from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def signal_name(number: int) -> str:
    """Return the name of the signal, or its number: a real-time signal has no name."""
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    # Also if the command itself has ended: its children may still run and hold its pipes. It is not reaped
    # yet, so no other group can have its number. Popen itself does not wait for it after KeyboardInterrupt;
    # what it still wrote would appear after the caller had removed it.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
