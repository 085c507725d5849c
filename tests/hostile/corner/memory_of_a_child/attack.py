"""See submission.toml."""

from app import accomplice

HOG = """
import mmap, os, sys, time
held = mmap.mmap(-1, 512 * 2**20)
for start in range(0, len(held), 4096):
    held[start] = 1
for _ in range(3):
    if os.fork() == 0:
        for start in range(0, len(held), 4096):
            held[start]
        time.sleep(7)
        os._exit(0)
time.sleep(8)
"""


def hold():
    if accomplice.start(HOG).wait() == 0:
        accomplice.gained("held 512 MiB")


accomplice.tried("service start")
accomplice.in_background(hold)
