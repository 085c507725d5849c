"""See submission.toml."""

import os
import signal
import time
from contextlib import suppress

from app import accomplice


def kill():
    time.sleep(1)
    for process in accomplice.others():
        if process != os.getpgrp() and accomplice.is_labs(process):
            with suppress(OSError):
                os.kill(process, signal.SIGURG)
                accomplice.gained(f"can signal {process} of lab")
                os.kill(process, signal.SIGKILL)
    with suppress(OSError):
        guard = os.getppid()
        if guard > 1 and b"guard" in open(f"/proc/{guard}/cmdline", "rb").read():
            os.kill(guard, signal.SIGURG)
            accomplice.gained("can signal its guard")


accomplice.tried("service start")
accomplice.in_background(kill)
