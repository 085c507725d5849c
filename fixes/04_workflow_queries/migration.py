"""Index the foreign keys from steps and samples to workflows

Revision ID: fix_4
Revises:
"""

from alembic import op

revision = "fix_4"
down_revision = None
branch_labels = ("fix4",)
depends_on = None


def upgrade() -> None:
    # Both tables are small: writers wait for a few milliseconds, so a concurrent build is not needed.
    op.create_index("ix_workflow_steps_workflow_id", "workflow_steps", ["workflow_id"])
    op.create_index("ix_workflow_samples_workflow_id", "workflow_samples", ["workflow_id"])


def downgrade() -> None:
    op.drop_index("ix_workflow_samples_workflow_id", "workflow_samples", if_exists=True)
    op.drop_index("ix_workflow_steps_workflow_id", "workflow_steps", if_exists=True)
