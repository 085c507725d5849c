"""See submission.toml."""

from app import accomplice

accomplice.look_around("an alembic of its own")
raise ImportError("it looked around")
