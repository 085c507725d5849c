"""End one process, or wait for its end."""

import os
import signal
import time
from contextlib import suppress

from lab.runtime.launch import ProcessId

END_POLL = 0.01
"""Seconds between two looks at a process that is about to end."""

KILL_TIMEOUT = 5.0
"""Seconds that a killed process, or a guard beyond its service's grace, has to end."""


def end(identity: ProcessId, grace: float, *, group: bool = False) -> bool:
    """Send SIGTERM, and after `grace` seconds SIGKILL, to the process or its group; return whether it ran."""
    if identity.process() is None:
        return False
    send = os.killpg if group else os.kill
    for number, timeout in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_TIMEOUT)):
        with suppress(ProcessLookupError):
            send(identity.pid, number)
        if wait_for_end(identity, timeout):
            break
    return True


def wait_for_end(identity: ProcessId, timeout: float) -> bool:
    """Wait at most `timeout` seconds for the process to end or become a zombie; return whether it has."""
    deadline = time.monotonic() + timeout
    while identity.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(END_POLL)
    return True
