"""The guard of one service: starts it, ends it when it outgrows its memory limit, records how it ended.

A program of its own (`python -m lab.runtime.guard FOLDER`, the launch as JSON on standard input), since the
`lab` command that starts a service is gone long before the service ends. It returns once the service runs.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

from lab.runtime.launch import OUT_OF_MEMORY, STOPPED, Exit, Launch, Record, process_id, this_process

POLL = 0.02
"""Seconds between two looks at the memory: at this rate the overshoot stays below about 8 MiB."""

FAMILY_POLL = 0.25
"""Seconds between two searches for child processes, which cost more."""

GRACE = 5.0
"""Seconds that a service has for a clean stop before it is killed."""

LOG_LIMIT = 10 * 2**20
"""A log over this many bytes is set aside when its service starts again."""


class Guard:
    """Watches one service from its start to its end."""

    def __init__(self, launch: Launch, records: Path) -> None:
        self.launch = launch
        self.records = records
        self.group = 0
        self.stopping_since: float | None = None
        self.out_of_memory = False
        self.peak = 0
        self.family: list[psutil.Process] = []
        self.family_looked_up = 0.0

    def start(self) -> None:
        signal.signal(signal.SIGTERM, self._on_stop)
        log = Path(self.launch.log)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".old.log"))
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                self.launch.argv,
                cwd=self.launch.folder,
                env=self.launch.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        self.group = self.child.pid
        try:
            self.process = psutil.Process(self.child.pid)
            self.record = Record(self.launch, this_process(), process_id(self.process))
            self.record.write(self.records)
        except BaseException:
            self._signal(signal.SIGKILL)  # what is not on record could never be stopped
            self.child.wait()
            raise
        if self.stopping_since is not None:  # it was asked for before there was anything to stop
            self._signal(signal.SIGTERM)

    def watch(self) -> None:
        """Return when the service has ended and its end is on record."""
        limit = self.launch.memory_limit
        while not self._has_ended():
            used = self._memory()
            self.peak = max(self.peak, used)
            if limit is not None and used > limit:
                self.out_of_memory = True
                self._signal(signal.SIGKILL)
            elif self.stopping_since is not None and time.monotonic() - self.stopping_since > GRACE:
                self._signal(signal.SIGKILL)
            time.sleep(POLL)
        # Whatever the service has left behind in its process group, which is ours until it is reaped.
        self._signal(signal.SIGKILL)
        code = self.child.wait()
        shell_code = 128 - code if code < 0 else code
        ended = Exit(shell_code, self._reason(code), self.peak, time.time())
        Record(self.launch, self.record.guard, self.record.child, ended).write(self.records)

    def _has_ended(self) -> bool:
        """Whether the service has ended; it is not reaped, so that its number stays taken."""
        return os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _reason(self, code: int) -> str:
        if self.out_of_memory:
            return OUT_OF_MEMORY
        if self.stopping_since is not None:
            return STOPPED
        return f"killed by {signal.Signals(-code).name}" if code < 0 else "ended by itself"

    def _memory(self) -> int:
        """Resident bytes of the service and of every process under it, as a container counts them."""
        now = time.monotonic()
        try:
            if now - self.family_looked_up > FAMILY_POLL:
                self.family = self.process.children(recursive=True)
                self.family_looked_up = now
            used: int = self.process.memory_info().rss
        except psutil.Error:
            return 0
        for member in self.family:
            try:
                memory = member.memory_info()
            except psutil.Error:
                continue
            used += memory.rss - getattr(memory, "shared", 0)
        return used

    def _on_stop(self, *_: object) -> None:
        if self.stopping_since is None:
            self.stopping_since = time.monotonic()
            self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self.group:
            with suppress(ProcessLookupError, PermissionError):  # it is gone
                os.killpg(self.group, number)


def _detach(ready: int) -> None:
    """Leave the command that called: a session of one's own, no terminal, no pipe of the caller's."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # a handler, not SIG_IGN, which the service would inherit
    with open(os.devnull, "r+b") as nothing:
        for descriptor in range(3):
            os.dup2(nothing.fileno(), descriptor)
    os.set_inheritable(ready, False)


def main(records: Path, document: str) -> int:
    """Start the service and stay behind as its guard; the calling half returns once the service runs."""
    launch = Launch(**{**json.loads(document), "argv": tuple(json.loads(document)["argv"])})
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        with open(read_end, "rb") as report:
            problem = report.read()
        if problem != b"ok":
            os.write(2, problem or b"the guard died")
        return 0 if problem == b"ok" else 1
    os.close(read_end)
    _detach(write_end)
    guard = Guard(launch, records)
    try:
        guard.start()
    except Exception as error:
        # The caller shows this sentence; there is no terminal left to show a traceback on.
        os.write(write_end, str(error).encode())
        os._exit(1)
    with suppress(BrokenPipeError):  # the command that called was killed: the service is started all the same
        os.write(write_end, b"ok")
    os.close(write_end)
    guard.watch()
    os._exit(0)


if __name__ == "__main__":
    import sys

    raise SystemExit(main(Path(sys.argv[1]), sys.stdin.read()))
