"""`lab run` in a terminal of its own."""

import fcntl
import os
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.operations.status import ServiceStatus

SERVICE = "device-service"
DEADLINE = 30.0  # seconds
CTRL_C, CTRL_Z = "\x03", "\x1a"


class Session:
    """A command in a session and on a terminal of its own."""

    def __init__(self, argv: list[str], folder: Path) -> None:
        self.master, terminal = os.openpty()
        self.process = subprocess.Popen(
            argv,
            cwd=folder,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
        )
        os.close(terminal)
        os.set_blocking(self.master, False)
        self.text = ""

    def wait_for(self, wanted: str) -> None:
        """Wait until the terminal shows the text, after what the last wait found."""
        deadline = time.monotonic() + DEADLINE
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"{wanted!r} is not in {self.text!r}"
            with suppress(BlockingIOError, OSError):  # OSError: the last program on the terminal has ended
                self.text += os.read(self.master, 65536).decode()
            time.sleep(0.01)
        self.text = self.text.partition(wanted)[2]

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        return self.process.wait(DEADLINE)


@contextmanager
def sessions(folder: Path) -> Iterator[Callable[..., Session]]:
    made: list[Session] = []

    def make(*argv: str) -> Session:
        made.append(Session(list(argv), folder))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGHUP)  # an interactive shell ignores SIGTERM
                one.process.wait(DEADLINE)
            os.close(one.master)


def started(session: Session) -> Session:
    session.wait_for(f"{SERVICE} runs here, at http://127.0.0.1:")
    return session


Start = Callable[..., Session]
Service = Callable[..., ServiceStatus]
