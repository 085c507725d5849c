"""A proxy to the Docker Engine that a test can close. To its clients, the engine then seems stopped."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OURS = "unix:///var/run/docker.sock"


class Door:
    """Listens at `path` and passes bytes on to the engine at `host`, until shut."""

    def __init__(self, path: Path, host: str) -> None:
        self.host = f"unix://{path}"
        self._engine = (host or os.environ.get("DOCKER_HOST") or OURS).removeprefix("unix://")
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def shut(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._engine)
            self._open += [caller, engine]
            for source, target in ((caller, engine), (engine, caller)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


@contextmanager
def door(path: Path, host: str) -> Iterator[Door]:
    opened = Door(path, host)
    try:
        yield opened
    finally:
        opened.shut()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
