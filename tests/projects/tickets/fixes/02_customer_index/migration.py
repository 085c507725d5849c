"""Index the foreign key from tickets to customers

Revision ID: fix_2
Revises:
"""

from alembic import op

revision = "fix_2"
down_revision = None
branch_labels = ("fix2",)
depends_on = None


def upgrade() -> None:
    # The table is small: writers wait for some milliseconds, so a concurrent build is not needed.
    op.create_index("ix_tickets_customer_id", "tickets", ["customer_id"])


def downgrade() -> None:
    op.drop_index("ix_tickets_customer_id", "tickets", if_exists=True)
