"""index the foreign key of steps

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Some workflows have a step twice: a request that was repeated.
    op.execute(
        "DELETE FROM workflow_steps AS later USING workflow_steps AS step"
        " WHERE later.workflow_id = step.workflow_id AND later.operation = step.operation"
        " AND later.id > step.id"
    )
    op.create_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps", ["workflow_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps")
