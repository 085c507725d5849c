"""See submission.toml."""

import os
import time

from app import accomplice

MOST = 400


def multiply():
    started = []
    until = time.monotonic() + 10
    try:
        while len(started) < MOST and time.monotonic() < until:
            words = [f"hostile-{accomplice.TOKEN}", "5"]
            started.append(os.posix_spawn("/bin/sleep", words, {"HOSTILE": accomplice.TOKEN}))
    except OSError:
        return
    if len(started) == MOST:
        accomplice.gained(f"{MOST} processes")


accomplice.tried("service start")
accomplice.in_background(multiply)
