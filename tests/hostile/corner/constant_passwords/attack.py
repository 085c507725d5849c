"""See submission.toml."""

from app import accomplice

accomplice.tried("service start")
accomplice.look_for_live("service start")
