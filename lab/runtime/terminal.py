"""Lend the terminal on standard input to a service, as a shell does with its jobs."""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STOPPED_BY_TERMINAL = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


class Terminal:
    """The terminal on standard input, if it is one. Its settings are restored when it is taken back.

    While it is lent, Ctrl-C and Ctrl-Z go to the service, not to this process.
    https://www.gnu.org/software/libc/manual/html_node/Implementing-a-Shell.html
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None
        with suppress(OSError, ValueError, AttributeError, termios.error):  # closed, or no terminal
            self._settings = termios.tcgetattr(sys.stdin.fileno())
            self._descriptor = sys.stdin.fileno()

    def lend(self, group: int) -> None:
        """Make the process group the one in the foreground, if this process's group is that now."""
        self._pass(os.getpgrp(), group)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGCONT)  # it may have been stopped because it asked too early

    def take_back(self, group: int) -> None:
        """Undo `lend`. A program that was killed may have left the terminal without an echo."""
        if self._pass(group, os.getpgrp()) and self._descriptor is not None:
            with suppress(OSError, termios.error), _output_allowed():
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._settings)

    def stop_with(self, child: int, group: int) -> None:
        """If Ctrl-Z has stopped the child, stop this process's group too, so that the shell goes on."""
        if self._descriptor is None:
            return
        with suppress(ChildProcessError):
            found = os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOHANG)
            if found is not None and found.si_status in STOPPED_BY_TERMINAL:
                self.take_back(group)
                os.killpg(os.getpgrp(), signal.SIGTSTP)

    def _pass(self, from_group: int, to_group: int) -> bool:
        """Make the second group the one in the foreground if the first is; return whether it was."""
        if self._descriptor is None:
            return False
        with suppress(OSError), _output_allowed():  # it is not the terminal of this session, or is closed
            if os.tcgetpgrp(self._descriptor) == from_group:
                os.tcsetpgrp(self._descriptor, to_group)
                return True
        return False


@contextmanager
def _output_allowed() -> Iterator[None]:
    """Let a process in the background change the terminal: SIGTTOU would stop it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
