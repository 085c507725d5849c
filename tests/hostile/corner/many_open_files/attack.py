"""See submission.toml."""

import os
import resource
from contextlib import suppress

from app import accomplice

MOST = 4_000

accomplice.tried("service start")
opened = []
with suppress(OSError, ValueError):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, MOST + 100) if hard > 0 else MOST + 100, hard))
with suppress(OSError):
    while len(opened) < MOST:
        opened.append(os.open("/dev/null", os.O_RDONLY))
    accomplice.gained(f"{MOST} open files")
for number in opened:
    os.close(number)
