"""Seed the lab's database: devices, samples, workflows and a given number of execution logs.

`python -m seed` runs it from the command line, without `lab`. Importing this loads no database driver.
"""

from seed.database import MOST_ROWS, Filled, Progress, fill
from seed.errors import AlreadyFilled, NotMigrated, SeedError, Unreachable, WrongRows

__all__ = [
    "MOST_ROWS",
    "AlreadyFilled",
    "Filled",
    "NotMigrated",
    "Progress",
    "SeedError",
    "Unreachable",
    "WrongRows",
    "fill",
]
