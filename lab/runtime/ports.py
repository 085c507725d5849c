"""Ports of 127.0.0.1 that nothing else on this machine is given while they are held."""

import socket
import sys


class ReservedPorts:
    """Ports that this process holds until `release`, for servers that it starts.

    A port that was only found free can be given to another process before the server listens on it, whose
    answers would then count as the server's. Here a socket stays bound to each. A server can listen on it all
    the same if it sets SO_REUSEADDR, as servers do, and the kernel gives it to nobody who asks for any port:
    https://man7.org/linux/man-pages/man7/socket.7.html. On other systems the ports are only found free.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def take(self, count: int) -> list[int]:
        """Return `count` different ports that are free now, and hold them."""
        sockets = [socket.socket() for _ in range(count)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        taken = {one.getsockname()[1]: one for one in sockets}
        self._held |= taken
        if sys.platform != "linux":
            self.release()
        return list(taken)

    def release(self, *ports: int) -> bool:
        """Hold these ports no longer; without any, all. Return whether one of them was held."""
        held = [self._held.pop(port) for port in ports or tuple(self._held) if port in self._held]
        for one in held:
            one.close()
        return bool(held)
