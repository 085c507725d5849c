"""Add views of the newest workflows and of their parts, and index the parts

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


NEWEST_WORKFLOWS = """
CREATE VIEW newest_workflows AS
SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM workflows
"""
WORKFLOW_PARTS = """
CREATE VIEW workflow_parts AS
SELECT workflow_id, 'step' AS kind, position AS place, operation, parameters,
       NULL::integer AS sample_id, NULL::varchar AS barcode, NULL::varchar AS type,
       NULL::double precision AS volume_ul, NULL::timestamp AS created_at, NULL::varchar AS role
  FROM workflow_steps
UNION ALL
SELECT l.workflow_id, 'sample', l.id, NULL, NULL, s.id, s.barcode, s.type, s.volume_ul, s.created_at, l.role
  FROM workflow_samples AS l JOIN samples AS s ON s.id = l.sample_id
"""


def upgrade() -> None:
    op.create_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps", ["workflow_id"])
    op.create_index(op.f("ix_workflow_samples_workflow_id"), "workflow_samples", ["workflow_id"])
    op.execute(NEWEST_WORKFLOWS)
    op.execute(WORKFLOW_PARTS)


def downgrade() -> None:
    op.execute("DROP VIEW workflow_parts")
    op.execute("DROP VIEW newest_workflows")
    op.drop_index(op.f("ix_workflow_samples_workflow_id"), "workflow_samples")
    op.drop_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps")
