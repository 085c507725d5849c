"""What surrounds the lab: a listener, a process of the user, folders that other users may enter."""

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Sink:
    """Listens on a port, on a socket in a folder and on an abstract one; keeps what it receives."""

    listeners: list[socket.socket]
    received: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listeners[0].getsockname()[1])

    def accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was closed
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(1)
                    self.received.append(connection.recv(2**16) or b"(nothing)")


@contextmanager
def sink(folder: Path, token: str) -> Iterator[Sink]:
    with ExitStack() as opened:
        listeners = [opened.enter_context(socket.create_server(("127.0.0.1", 0)))]
        for address in (str(folder / "sink"), f"\0hostile-{token}"):
            listener = opened.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
            listeners.append(listener)
        found = Sink(listeners)
        for listener in listeners:
            threading.Thread(target=found.accept, args=(listener,), daemon=True).start()
        yield found
        for listener in listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def start_victim() -> "subprocess.Popen[bytes]":
    """A process of the user's that is none of lab's business. It ends by itself, after hours."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(6 * 3600)"])


@contextmanager
def passable(folder: Path) -> Iterator[None]:
    """Let other users pass through the folders above, as far as they are this user's."""
    changed = []
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if path.stat().st_uid == os.geteuid() and not mode & 0o001 and path != Path(path.anchor):
            changed.append((path, mode))
            path.chmod(mode | 0o011)
    try:
        yield
    finally:
        for path, mode in changed:
            path.chmod(stat.S_IMODE(mode))


def identity(path: str) -> list[int]:
    found = Path(path).stat()
    return [found.st_dev, found.st_ino]


def marked(token: str, runs: Path) -> Iterator[psutil.Process]:
    """The processes with the mark, and those whose folder is a measurement's."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            words, environment = process.cmdline(), process.environ()
            is_marked = environment.get("HOSTILE") == token or f"hostile-{token}" in words
            if is_marked or Path(process.cwd()).is_relative_to(runs):
                yield process
