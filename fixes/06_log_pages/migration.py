"""Return the execution logs in pages

The fix is in the code of device-service. This revision only records that it is applied: it does not change
the schema. An index would make pages faster, but would not change the memory that a page needs.

Revision ID: fix_6
Revises:
"""

revision = "fix_6"
down_revision = None
branch_labels = ("fix6",)
depends_on = None


def upgrade() -> None:
    """Do nothing."""


def downgrade() -> None:
    """Do nothing."""
