"""See submission.toml."""

from app import accomplice

accomplice.tried("service start")
accomplice.write_outside("service start")
