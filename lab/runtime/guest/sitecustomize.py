"""Resolve names as in a container, for a service that runs as a plain process.

Python imports this module at start-up if its folder is on PYTHONPATH (see the `site` module).
LAB_NETWORK holds the compose network as JSON: `names` maps "service:port" to the port on this machine, and
`own` is this service's [port in its container, port on this machine]. As in a container, `localhost` reaches
nothing but the service itself.
"""

import ipaddress
import json
import os
import socket
from typing import Any

LOOPBACK = "127.0.0.1"
CLOSED_PORT = 0
"""A connection to port 0 is refused, as on a port of a container without a listener."""

network = json.loads(os.environ.get("LAB_NETWORK", "null"))
resolve = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    known = {entry.rpartition(":")[0] for entry in network["names"]}
    if name in known:
        return resolve(LOOPBACK, network["names"].get(f"{name}:{port}", CLOSED_PORT), *args, **kwargs)
    found = resolve(host, port, *args, **kwargs)
    if any(_is_this_machine(str(address[0])) for *_, address in found):
        inside, outside = network["own"]
        is_own = str(port) in {str(inside), str(outside)}
        return resolve(LOOPBACK, outside if is_own else CLOSED_PORT, *args, **kwargs)
    return found


def _is_this_machine(address: str) -> bool:
    """Return whether the address is of this machine, as 0.0.0.0 and all of 127.0.0.0/8 are."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_loopback or found.is_unspecified


if network is not None:
    socket.getaddrinfo = getaddrinfo
