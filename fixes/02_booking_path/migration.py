"""Book devices at the path of device-service

The fix is in the code of workflow-service. This revision only records that it is applied: it does not change
the schema.

Revision ID: fix_2
Revises:
"""

revision = "fix_2"
down_revision = None
branch_labels = ("fix2",)
depends_on = None


def upgrade() -> None:
    """Do nothing."""


def downgrade() -> None:
    """Do nothing."""
