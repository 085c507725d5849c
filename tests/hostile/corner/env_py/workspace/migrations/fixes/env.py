"""See submission.toml."""

from app import accomplice
from migrations import history

accomplice.look_around("env.py of the fixes")
history.run({"version_table": "fix_version", "version_table_schema": "lab"})
