"""Run one service in the foreground: this process is its guard, and the service has its terminal.

Its record is that of any service, so that `lab status` shows it. Other commands stop and start it by
requests, which are signals: STOP_REQUEST and START_REQUEST.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from lab.errors import EnvironmentFault
from lab.runtime.guard import Guard
from lab.runtime.launch import START_REQUEST, STOP_REQUEST, Launch, Record, read_record
from lab.runtime.process import ENDING_SIGNALS, require_free_port
from lab.runtime.terminal import Terminal
from lab.sentences import sentence

TERMINAL_VARIABLES = ("TERM", "COLORTERM", "PYTHONBREAKPOINT")
"""Variables of the caller that a debugger needs."""

POLL = 0.05
"""Seconds between two looks while the service does not run."""

INTERRUPTED_CODES = {0, 128 + signal.SIGINT}
Handler = Callable[[int, object], None]


class ForegroundGuard(Guard):
    """Guards a service that reads and writes this process's terminal. `saved` asks whether to restart it."""

    foreground = True

    def __init__(self, launch: Launch, records: Path, terminal: Terminal, saved: Callable[[], bool]) -> None:
        super().__init__(launch, records)
        self.terminal = terminal
        self.saved = saved
        self.restarting = False

    def spawn(
        self, argv: Sequence[str], folder: str, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        given = {name: os.environ[name] for name in TERMINAL_VARIABLES if name in os.environ}
        sys.stdout.flush()
        child = subprocess.Popen(argv, cwd=folder, env={**given, **environment}, process_group=0)
        self.terminal.lend(child.pid)
        return child

    def attend(self) -> None:
        self.terminal.stop_with(self.child.pid, self.group)
        if self.stopping_since is None and self.saved():
            self.restarting = True
            self.stop()

    def watch(self) -> None:
        try:
            super().watch()
        finally:
            self.terminal.take_back(self.group)
            self.tree.close()
            if self.pidfd is not None:
                os.close(self.pidfd)

    def interrupt(self) -> None:
        """Pass Ctrl-C on. While the service has the terminal, it gets Ctrl-C itself."""
        self._signal(signal.SIGINT)

    def wake(self) -> None:
        """Go on after Ctrl-Z: lend the terminal again, and let the service continue."""
        self.terminal.lend(self.group)


class Foreground:
    """One service in the foreground, from the first start to the last end.

    `launch` says how it is started now. `saved`, if given, asks whether a file of its code was saved since it
    was last asked: then the service is restarted, and after a crash it waits for that. `tell` gets sentences
    for the user. Within the context, signals are requests and raise no error.
    """

    def __init__(
        self,
        launch: Callable[[], Launch],
        records: Path,
        tell: Callable[[str], None],
        saved: Callable[[], bool] | None = None,
    ) -> None:
        self._launch = launch
        self._records = records
        self._tell = tell
        self._saved = saved
        self._guard: ForegroundGuard | None = None
        self._running = self._ending = self._stop_requested = self._start_requested = False
        self._terminal = Terminal()

    def __enter__(self) -> Self:
        handlers: dict[signal.Signals, Handler] = {
            signal.SIGINT: self._on_interrupt,
            signal.SIGTERM: self._on_end,
            signal.SIGHUP: self._on_end,
            signal.SIGCONT: self._on_continue,
            STOP_REQUEST: self._on_stop_request,
            START_REQUEST: self._on_start_request,
        }
        self._before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, *_: object) -> None:
        for number in (*ENDING_SIGNALS, signal.SIGCONT):  # a late request must not kill this process
            signal.signal(number, self._before[number])

    def start(self) -> None:
        """Start the service. Raises as `process.start` does, and as `launch`."""
        launch = self._launch()
        require_free_port(launch.name, launch.port)
        guard = ForegroundGuard(launch, self._records, self._terminal, self._saved or (lambda: False))
        self._stop_requested = self._start_requested = False
        try:
            guard.start()
        except OSError as error:
            remedy = "Check its command in the compose file."
            raise EnvironmentFault(sentence(f"{launch.name} was not started: {error}"), remedy) from error
        self._guard, self._running = guard, True
        if self._ending or self._stop_requested:
            guard.stop()

    def wait(self) -> Record:
        """Wait until the started service has ended for good, and return its record, with its exit.

        Raises as `start` does: it was to be started again.
        """
        assert self._guard is not None
        record = self._guard.record
        try:
            while True:
                self._guard.watch()
                self._running = False
                record = self._guard.record
                if not self._wait_for_restart(self._guard, record):
                    return record
                self.start()
        finally:
            self._release(record)

    def _wait_for_restart(self, guard: ForegroundGuard, record: Record) -> bool:
        """Wait until the ended service is to be started again; return False if it is not."""
        name = record.launch.name
        if guard.restarting and not self._ending:
            self._tell(f"A file was saved. Restarting {name}.")
            return True
        assert record.exit is not None
        code = record.exit.code
        if self._stop_requested:
            self._tell(f"{name} was stopped by another lab command, which may start it again.")
        elif self._saved is None or code in INTERRUPTED_CODES:
            return False
        elif not self._ending:
            self._tell(f"{describe(record)} It starts again when a file is saved. Ctrl-C ends the wait.")
        while not self._ending and self._is_ours(record):
            if self._start_requested or (self._saved is not None and self._saved()):
                return True
            time.sleep(POLL)
        return False

    def _is_ours(self, record: Record) -> bool:
        """Return whether the record is still that of this process: `lab down` deletes it."""
        kept = read_record(self._records, record.launch.name)
        return kept is not None and kept.guard == record.guard

    def _release(self, record: Record) -> None:
        """Let other commands start the service without this process."""
        if self._is_ours(record):
            replace(record, guard=record.child, foreground=False).write(self._records)

    def _on_interrupt(self, *_: object) -> None:
        self._ending = True
        if self._running and self._guard:
            self._guard.interrupt()

    def _on_end(self, *_: object) -> None:
        self._ending = True
        if self._running and self._guard:
            self._guard.stop()

    def _on_continue(self, *_: object) -> None:
        if self._running and self._guard:
            self._guard.wake()

    def _on_stop_request(self, *_: object) -> None:
        self._stop_requested = True
        if self._running and self._guard:
            self._guard.stop()

    def _on_start_request(self, *_: object) -> None:
        self._start_requested = True


def describe(record: Record) -> str:
    """Return a sentence on how the service ended."""
    assert record.exit is not None
    return f"{record.launch.name} has ended (exit {record.exit.code}, {record.exit.reason})."
