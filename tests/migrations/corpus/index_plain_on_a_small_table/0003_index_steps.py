"""index the workflow of steps

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps", ["workflow_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_workflow_steps_workflow_id"), table_name="workflow_steps")
