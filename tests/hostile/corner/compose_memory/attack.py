"""See submission.toml."""

import time

from app import accomplice


def hold():
    held = [b"x" * (64 * 2**20) for _ in range(8)]
    time.sleep(5)
    accomplice.gained(f"held {sum(map(len, held)) // 2**20} MiB")


accomplice.tried("service start")
accomplice.in_background(hold)
