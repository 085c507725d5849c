"""Ports of 127.0.0.1 that no other process is assigned while they are held."""

import socket
import sys
from contextlib import ExitStack


class ReservedPorts:
    """Ports that this process holds until `release`, for servers that it starts.

    A port that was only found free can be assigned to another process before the server listens on it, and
    that process's answers would count as the server's. Here a socket stays bound to each port. A server can
    listen on it all the same if it sets SO_REUSEADDR, as servers do, and the kernel never assigns it to a
    process that asks for any free port: https://man7.org/linux/man-pages/man7/socket.7.html. On systems
    other than Linux, the ports are only found free.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def take(self, count: int) -> list[int]:
        """Return `count` different ports that are free, and hold them. Raises OSError: there are too few."""
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
            for one in sockets:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(("127.0.0.1", 0))
            taken = {one.getsockname()[1]: one for one in sockets}
            if sys.platform == "linux":
                self._held |= taken
                stack.pop_all()
        return list(taken)

    def release(self, *ports: int) -> bool:
        """Hold these ports no longer; without any, all. Return whether one of them was held."""
        held = [self._held.pop(port) for port in ports or tuple(self._held) if port in self._held]
        for one in held:
            one.close()
        return bool(held)
