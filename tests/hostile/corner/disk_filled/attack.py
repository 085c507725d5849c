"""See submission.toml."""

import os
from contextlib import suppress
from pathlib import Path

from app import accomplice

MOST = 300 * 2**20


def fill():
    for folder in ("/tmp", "/var/tmp", "/dev/shm", ".", os.environ.get("HOME", ".")):
        path = Path(folder) / f"filled-{accomplice.TOKEN}-{os.getpid()}"
        try:
            with path.open("wb") as file:
                while file.tell() < MOST:
                    file.write(bytes(2**20))
            accomplice.gained(f"300 MiB in {folder}")
        except OSError:
            continue
        finally:
            with suppress(OSError):
                path.unlink()


accomplice.tried("service start")
accomplice.in_background(fill)
