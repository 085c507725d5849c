"""Run one walled command to its end, within its time and its amount of output."""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from lab.descendants import descendants, proportional, without_files
from lab.errors import EnvironmentFault, LabError, TimedOut
from lab.sandbox.command import walled
from lab.sandbox.level import Means
from lab.sandbox.wall import Bounds, Wall
from lab.shell import Finished

CHUNK = 2**16
SLOW_POLL = 0.5
"""Seconds between two looks at the memory where children have to be searched among all processes."""

CHILDREN_ARE_LISTED = Path("/proc/self/task").exists()
POLL = 0.05
"""Seconds between two looks at whether the command has ended, while its output stays open."""


class OutputTooLarge(LabError):
    """The command wrote more than `bounds.output` bytes, and was killed."""


class MemoryTooLarge(LabError):
    """The command used more than `bounds.memory` bytes, and was killed."""


def run(
    argv: Sequence[str | Path],
    wall: Wall,
    bounds: Bounds,
    means: Means,
    *,
    stdin: bytes = b"",
    received: Callable[[bytes], None] | None = None,
) -> Finished:
    """Run `argv` behind `wall` and return its exit code and output, whatever the code is.

    A code above 128 is that of a signal, as in a shell. If the wall cannot be made, the code is not 0 and the
    last line of the output says why. `received` gets each part of the standard output as soon as it comes.
    When the command ends, everything behind the wall is killed; below level BWRAP, what is left of its
    process group.

    Raises:
        EnvironmentFault: the first program of the words cannot be run.
        TimedOut: the command did not end within `bounds.seconds`.
        OutputTooLarge: it wrote more than `bounds.output` bytes.
        MemoryTooLarge: its processes used more than `bounds.memory` bytes.
    """
    command = walled(argv, wall, bounds, means)
    try:
        child = subprocess.Popen(
            command.argv,
            env=command.environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except OSError as error:
        raise EnvironmentFault(f"{command.argv[0]} cannot be run: {error.strerror}.") from error
    assert child.stdin is not None
    writer = threading.Thread(target=_write, args=(child.stdin, stdin), daemon=True)
    with child:
        try:
            writer.start()
            stdout, stderr = _outputs(child, Path(argv[0]).name, bounds, received)
        finally:
            _kill(child)
            writer.join()  # its pipe is closed at the other end now
    return Finished(tuple(map(str, argv)), child.returncode, stdout, stderr)


def _outputs(
    child: "subprocess.Popen[bytes]", name: str, bounds: Bounds, received: Callable[[bytes], None] | None
) -> tuple[bytes, bytes]:
    """Read until the command has ended. Processes that it left behind may still have its output open."""
    assert child.stdout is not None
    assert child.stderr is not None
    outputs = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    deadline = time.monotonic() + bounds.seconds
    memory = _Memory(psutil.Process(child.pid), bounds.memory)
    with selectors.DefaultSelector() as selector:
        for descriptor in outputs:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ended = _has_ended(child)
            ready = selector.select(POLL)
            if ended and not ready:
                break
            for key, _ in ready:
                chunk = os.read(key.fd, CHUNK)
                outputs[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fd)
                elif received is not None and key.fd == child.stdout.fileno():
                    received(chunk)
            memory.look(name)
            if sum(map(len, outputs.values())) > bounds.output:
                raise OutputTooLarge(f"{name} wrote more than {bounds.output} bytes.")
            if time.monotonic() > deadline:
                raise TimedOut(f"{name} did not finish within {bounds.seconds:g} s.")
    while not _has_ended(child):  # it has closed its output, but runs
        memory.look(name)
        if time.monotonic() > deadline:
            raise TimedOut(f"{name} did not finish within {bounds.seconds:g} s.")
        time.sleep(0.001)
    stdout, stderr = outputs.values()
    return bytes(stdout), bytes(stderr)


@dataclass(slots=True)
class _Memory:
    """Looks at the memory of all descendants of a process, every POLL seconds at most."""

    first: psutil.Process
    most: int | None
    next: float = 0.0

    def look(self, name: str) -> None:
        """Raise MemoryTooLarge if they have too much."""
        if self.most is None or time.monotonic() < self.next:
            return
        with suppress(psutil.Error):  # it has ended
            found = (self.first, *descendants(self.first))
            # What processes have in common is counted for each of them, and only then as it is: that is slow.
            if sum(map(without_files, found)) > self.most and sum(map(proportional, found)) > self.most:
                raise MemoryTooLarge(f"{name} used more than {self.most // 2**20:,} MiB of memory.")
        self.next = time.monotonic() + (POLL if CHILDREN_ARE_LISTED else SLOW_POLL)


def _has_ended(child: "subprocess.Popen[bytes]") -> bool:
    """Return whether it has ended. It is not reaped, so that no other group can get its number."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _write(pipe: IO[bytes], content: bytes) -> None:
    with suppress(BrokenPipeError), pipe:
        pipe.write(content)
