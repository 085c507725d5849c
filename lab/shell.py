"""Run one command to its end: an argument list, a deadline, and everything it said."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.errors import EnvironmentFault, TimedOut

TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended and what it wrote."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def last_line(self) -> str:
        """The last line that the command wrote, standard error first: its reason, as a rule.

        Of a Python traceback it is the line that names the exception: more may follow that.
        """
        lines = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace").splitlines()
        if TRACEBACK in lines:
            start = len(lines) - lines[::-1].index(TRACEBACK)
            lines = [line for line in lines[start:] if line and not line[0].isspace()][:1] or lines
        return lines[-1].strip() if lines else f"exit code {self.code}"


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    stdin: bytes = b"",
) -> Finished:
    """Run `argv` and wait for at most `timeout` seconds; the exit code is the caller's to judge.

    `env` is added to this process's environment. The command gets a process group of its own, and the
    whole group is killed when the deadline passes or the caller is interrupted.

    Raises:
        EnvironmentFault: the program does not exist or cannot be run.
        TimedOut: the deadline passed.
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
            f"{words[0]} cannot be run: {error.strerror}.", "What the lab needs of a machine: lab doctor"
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


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    # Not only while the command runs: what it started may outlive it and hold its pipes. It is not reaped
    # yet, so that the group's number is still its own.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
