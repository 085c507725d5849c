"""See submission.toml."""

import sys

from app import accomplice


def write():
    line = "x" * 1023 + "\n"
    for _ in range(150 * 2**10):
        sys.stdout.write(line)


accomplice.tried("service start")
accomplice.in_background(write)
