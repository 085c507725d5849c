"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.tried("migration")


def downgrade() -> None:
    pass
