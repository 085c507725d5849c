"""Book devices at the path that device-service has

The fix is in the code of workflow-service. This revision records it, and changes nothing in the schema.

Revision ID: fix_2
Revises:
"""

revision = "fix_2"
down_revision = None
branch_labels = ("fix2",)
depends_on = None


def upgrade() -> None:
    """Nothing to do."""


def downgrade() -> None:
    """Nothing to undo."""
