"""Names as a container would resolve them, for a service that runs as a plain process.

Python loads this file at start-up wherever this folder is on PYTHONPATH (the `site` module's documentation).
LAB_NETWORK holds the compose network as JSON: `names` maps "service:port" to the port on this machine, and
`own` is this service's own [port in its container, port on this machine]. `localhost` is the service itself,
as in a container: nothing but its own port answers there.
"""

import ipaddress
import json
import os
import socket
from typing import Any

LOOPBACK = "127.0.0.1"
NOBODY_LISTENS = 0  # connecting to port 0 is refused, as it is where a container has no listener

network = json.loads(os.environ.get("LAB_NETWORK", "null"))
resolve = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    known = {entry.rpartition(":")[0] for entry in network["names"]}
    if name in known:
        return resolve(LOOPBACK, network["names"].get(f"{name}:{port}", NOBODY_LISTENS), *args, **kwargs)
    found = resolve(host, port, *args, **kwargs)
    if any(_is_this_machine(str(address[0])) for *_, address in found):
        inside, outside = network["own"]
        ours = str(port) in {str(inside), str(outside)}
        return resolve(LOOPBACK, outside if ours else NOBODY_LISTENS, *args, **kwargs)
    return found


def _is_this_machine(address: str) -> bool:
    """By whatever name or number it was asked for: 0.0.0.0 and 127.1 lead here as well."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_loopback or found.is_unspecified


if network is not None:
    socket.getaddrinfo = getaddrinfo
