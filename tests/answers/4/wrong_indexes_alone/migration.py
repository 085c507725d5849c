"""indexes on the foreign keys

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_workflow_steps_workflow_id", "workflow_steps", ["workflow_id"])
    op.create_index("ix_workflow_samples_workflow_id", "workflow_samples", ["workflow_id"])


def downgrade() -> None:
    op.drop_index("ix_workflow_samples_workflow_id", "workflow_samples")
    op.drop_index("ix_workflow_steps_workflow_id", "workflow_steps")
