"""See submission.toml."""

from app import accomplice
from migrations import history

accomplice.look_around("env.py elsewhere")
history.run({})
