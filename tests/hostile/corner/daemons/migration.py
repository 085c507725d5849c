"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    import subprocess

    accomplice.tried("migration")
    sleep = "import os, time; os.fork() or os.setsid(); os.fork() or time.sleep(90)"
    accomplice.start(
        sleep,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def downgrade() -> None:
    pass
