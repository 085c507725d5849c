"""See submission.toml."""

from app import accomplice

accomplice.tried("service start")
for path in ("migrations/.canary", "compose/initdb/.canary"):
    accomplice.read(path, "a link")
