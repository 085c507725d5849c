"""Tell workflow-service where device-service is

The fix is in the compose file. This revision records it, and changes nothing in the schema.

Revision ID: fix_1
Revises:
"""

revision = "fix_1"
down_revision = None
branch_labels = ("fix1",)
depends_on = None


def upgrade() -> None:
    """Nothing to do."""


def downgrade() -> None:
    """Nothing to undo."""
