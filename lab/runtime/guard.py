"""The guard of one service: starts it, kills it if it exceeds its memory limit, and records how it ended.

It is a program of its own (`python -m lab.runtime.guard RECORDS`, with the launch as JSON on standard input),
because the service outlives the `lab` command that starts it. The command returns once the service runs.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from lab.json_files import from_json
from lab.runtime.launch import (
    NOT_WALLED,
    OUT_OF_MEMORY,
    RECORDS_VARIABLE,
    STOPPED,
    Exit,
    Launch,
    Record,
    process_id,
    read_record,
)
from lab.runtime.tree import ServiceTree
from lab.runtime.walls import enclosed, temporary_folder
from lab.sandbox import own_code
from lab.shell import signal_name

POLL = 0.01
SLOWEST_POLL = 0.09
"""Seconds between two measurements of the memory: the least, and the most."""

FASTEST_GROWTH = 2 * 2**30
"""Bytes a second, about what a process can fill: the next measurement comes before the limit is exceeded."""

KILL_TIME = 2.0
"""Seconds in which the descendants of a service that has ended are killed."""

PR_SET_CHILD_SUBREAPER = 36
"""https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html"""

LOG_LIMIT = 10 * 2**20
"""Bytes. A larger log is renamed when its service starts again."""


class Guard:
    """Watches one service from its start to its end."""

    foreground = False
    """Whether the service uses the terminal of this process."""

    def __init__(self, launch: Launch, records: Path) -> None:
        self.launch = launch
        self.records = records
        self.group = 0
        self.stopping_since: float | None = None
        self.out_of_memory = False
        self.peak = 0
        self.pidfd: int | None = None
        self.temporary: Path | None = None
        self.end = select.poll()

    def start(self) -> None:
        """Start the service and write its record. If that fails, raise the error and leave no process."""
        _adopt_orphans()
        self.child = self._spawn()
        self.group = self.child.pid
        try:
            first = psutil.Process(self.child.pid)
            self.record = Record(self.launch, process_id(), process_id(first), foreground=self.foreground)
            self.record.write(self.records)
            self.tree = ServiceTree(first, self.launch)
            with suppress(OSError, AttributeError):  # not on Linux
                self.pidfd = os.pidfd_open(self.child.pid)
                self.end.register(self.pidfd, select.POLLIN)
        except BaseException:
            self._signal(signal.SIGKILL)  # without a record it could never be stopped
            self.child.wait()
            raise
        if self.stopping_since is not None:  # the request came before the service ran
            self._signal(signal.SIGTERM)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the service, behind its wall if it has one: that ends what the service leaves."""
        launch = self.launch
        if launch.means is None:
            environment = {**launch.environment, RECORDS_VARIABLE: str(self.records.resolve())}
            return self.spawn(launch.argv, launch.folder, environment)
        self.temporary = temporary_folder(launch.means)
        walled = enclosed(launch, launch.means, launch.environment, self.temporary)
        return self.spawn(walled.argv, "/", walled.environment)

    def spawn(
        self, argv: Sequence[str], folder: str, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start these words in a process group of their own, with the service's log as output."""
        log = Path(self.launch.log)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".old.log"))
        with log.open("ab") as output:
            return subprocess.Popen(
                argv,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def watch(self) -> None:
        """Wait until the service ends, and record how. Kill it above its memory limit or after its grace."""
        limit, grace = self.launch.memory_limit, self.launch.grace
        while not self._has_ended():
            used = self.tree.memory(limit)
            self.peak = max(self.peak, used)
            if limit is not None and used > limit:
                self.out_of_memory = True
                self._kill_tree()
            elif self.stopping_since is not None and time.monotonic() - self.stopping_since > grace:
                self._kill_tree()
            self._reap_orphans()
            self.attend()
            self.end.poll(self._pause(used) * 1000)  # returns at once when the service ends
        self._kill_tree()
        if self.temporary is not None:
            shutil.rmtree(self.temporary, ignore_errors=True)
        code = self.child.wait()
        if self.launch.means is not None:
            code = own_code(code)
        shell_code = 128 - code if code < 0 else code
        ended = Exit(shell_code, self._reason(code), self.peak, time.time(), tuple(sorted(self.tree.reached)))
        self.record = replace(self.record, exit=ended)
        kept = read_record(self.records, self.launch.name)
        if kept is None or kept.guard == self.record.guard:  # else it is of a later start
            self.record.write(self.records)

    def attend(self) -> None:
        """Called between two measurements. This guard has nothing else to do."""

    def stop(self) -> None:
        """Ask the service to end. It is killed after its grace period."""
        if self.stopping_since is None:
            self.stopping_since = time.monotonic()
            self._signal(signal.SIGTERM)

    def _pause(self, used: int) -> float:
        """Return the seconds until the next measurement: few near the limit, and while the service stops."""
        if self.stopping_since is not None:
            return POLL
        limit = self.launch.memory_limit
        if not self.tree.found:
            return POLL
        if limit is None:
            return SLOWEST_POLL
        return min(max((limit - used) / FASTEST_GROWTH, POLL), SLOWEST_POLL)

    def _has_ended(self) -> bool:
        """Return whether the service has ended. It isn't reaped yet, so that its pid is not used again."""
        return os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _reason(self, code: int) -> str:
        if self.out_of_memory:
            return OUT_OF_MEMORY
        if not self.tree.found:
            return NOT_WALLED
        if self.stopping_since is not None:
            return STOPPED
        return f"killed by {signal_name(-code)}" if code < 0 else "ended by itself"

    def _kill_tree(self) -> None:
        """Kill the service's group and all its descendants, also those that start meanwhile."""
        # The group's number is ours until the service is reaped.
        self._signal(signal.SIGKILL)
        until = time.monotonic() + KILL_TIME
        while time.monotonic() < until:
            self._reap_orphans()
            self.tree.read()
            living = [one for one in self.tree.processes if one.pid != self.child.pid and one.is_running()]
            if not living:
                return
            for one in living:
                with suppress(psutil.Error):
                    one.kill()
            time.sleep(POLL)

    def _reap_orphans(self) -> None:
        """Collect the orphans that have ended. The service itself is not reaped here."""
        for one in self.tree.processes:
            if one.pid != self.child.pid:
                with suppress(ChildProcessError, OSError):
                    os.waitpid(one.pid, os.WNOHANG)  # not its child: ChildProcessError

    def _signal(self, number: signal.Signals) -> None:
        if self.group:
            with suppress(ProcessLookupError, PermissionError):  # it is gone
                os.killpg(self.group, number)


def _adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends. Linux only; elsewhere init gets them."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _detach(ready: int) -> None:
    """Detach from the calling command: a new session, no terminal, none of its pipes except `ready`."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # not SIG_IGN: the service would inherit it
    with open(os.devnull, "r+b") as null:
        for descriptor in range(3):
            os.dup2(null.fileno(), descriptor)
    os.set_inheritable(ready, False)


def main(records: Path, document: str) -> int:
    """Start the service that `document`, a launch as JSON, describes. A child process stays as its guard.

    Returns 0 once the service runs, or 1 if it was not started; the reason is on standard error.
    """
    launch = from_json(document, Launch)
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
    signal.signal(signal.SIGTERM, lambda *_: guard.stop())
    try:
        guard.start()
    except Exception as error:
        # The caller shows this message. The guard has no terminal to show a traceback on.
        os.write(write_end, str(error).encode())
        os._exit(1)
    with suppress(BrokenPipeError):  # the calling command was killed; the service runs anyway
        os.write(write_end, b"ok")
    os.close(write_end)
    guard.watch()
    os._exit(0)


if __name__ == "__main__":
    import sys

    raise SystemExit(main(Path(sys.argv[1]), sys.stdin.read()))
