"""See submission.toml."""

import os
from contextlib import suppress
from pathlib import Path

from app import accomplice

accomplice.tried("service start")
for folder in (*accomplice.packages(), *accomplice.FACTS["packages"]):
    with suppress(OSError):
        seen = os.stat(folder)
        known = accomplice.FACTS["places"].get(str(Path(folder).resolve()))
        if known == [seen.st_dev, seen.st_ino]:
            os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600))
            accomplice.gained(f"can make a file in {folder}")
