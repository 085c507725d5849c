"""Fill the lab's database: devices, samples, workflows, and as many execution logs as asked for.

`python -m seed` does it from the command line, without `lab`. Importing this loads no database driver.
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
