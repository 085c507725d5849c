"""See submission.toml."""

import socket
from contextlib import closing, suppress

from app import accomplice

accomplice.tried("service start")
facts = accomplice.FACTS
addresses = [
    (socket.AF_INET, ("127.0.0.1", facts["sink_port"])),
    (socket.AF_UNIX, str(accomplice.OUTSIDE / "sink")),
    (socket.AF_UNIX, f"\0hostile-{accomplice.TOKEN}"),
    (socket.AF_UNIX, "/var/run/docker.sock"),
    (socket.AF_UNIX, "/run/dbus/system_bus_socket"),
]
for family, address in addresses:
    with suppress(OSError), closing(socket.socket(family)) as connection:
        connection.settimeout(2)
        connection.connect(address)
        connection.sendall(f"HELLO {accomplice.TOKEN}".encode())
        accomplice.gained(f"connected to {address!r}")
