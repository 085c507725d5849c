"""Read a ticket's own comments

The fix is in the code. This revision only records that it is applied: it does not change the schema.

Revision ID: fix_1
Revises:
"""

revision = "fix_1"
down_revision = None
branch_labels = ("fix1",)
depends_on = None


def upgrade() -> None:
    """Do nothing."""


def downgrade() -> None:
    """Do nothing."""
