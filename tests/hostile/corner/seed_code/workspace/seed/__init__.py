"""See submission.toml."""

from app import accomplice

accomplice.look_around("the seed")
