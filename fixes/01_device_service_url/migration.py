"""Set the URL of device-service for workflow-service

The fix is in the compose file. This revision only records that it is applied: it does not change the schema.

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
