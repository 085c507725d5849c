"""See submission.toml."""

from app import accomplice

accomplice.tried("service start")
