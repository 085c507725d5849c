"""See submission.toml."""

import ctypes
import os
from contextlib import suppress

from app import accomplice

PTRACE_SEIZE = 0x4206

accomplice.tried("service start")
accomplice.read_processes("service start")
for process in [os.getppid(), *accomplice.others()]:
    if not accomplice.is_labs(process):
        continue
    with suppress(OSError, ValueError):
        with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
            memory.seek(int(maps.readline().partition("-")[0], 16))
            if memory.read(16):
                accomplice.gained(f"can read the memory of {process} of lab")
    child = os.fork()
    if child == 0:  # its end detaches
        attached = ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_SEIZE, process, 0, 0)
        os._exit(1 if attached == 0 else 0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        accomplice.gained(f"can trace {process} of lab")
