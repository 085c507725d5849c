"""See submission.toml."""

from app import accomplice

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(90)
"""
accomplice.tried("service start")
for _ in range(3):
    accomplice.start(DAEMON, start_new_session=True)
