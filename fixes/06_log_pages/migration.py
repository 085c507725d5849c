"""Answer with execution logs page by page

The fix is in the code of device-service. This revision records it, and changes nothing in the schema: an
index would make pages faster, but the memory that one takes does not depend on it.

Revision ID: fix_6
Revises:
"""

revision = "fix_6"
down_revision = None
branch_labels = ("fix6",)
depends_on = None


def upgrade() -> None:
    """Nothing to do."""


def downgrade() -> None:
    """Nothing to undo."""
