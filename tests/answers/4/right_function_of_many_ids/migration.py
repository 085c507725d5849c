"""Add a function that returns the steps and samples of many workflows

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


# As the API shows them: a time has six digits after the point or none.
PARTS_OF_WORKFLOWS = """
CREATE FUNCTION parts_of_workflows(ids varchar[])
RETURNS TABLE (workflow_id varchar, steps jsonb, samples jsonb) LANGUAGE sql STABLE AS $$
    WITH step AS (
        SELECT t.workflow_id, jsonb_agg(
                   jsonb_build_object(
                       'position', t.position, 'operation', t.operation, 'parameters', t.parameters
                   ) ORDER BY t.position
               ) AS list
          FROM workflow_steps AS t
         WHERE t.workflow_id = ANY (ids)
         GROUP BY t.workflow_id
    ), sample AS (
        SELECT l.workflow_id, jsonb_agg(
                   jsonb_build_object(
                       'id', s.id, 'barcode', s.barcode, 'type', s.type, 'volume_ul', s.volume_ul,
                       'created_at', to_char(s.created_at, 'YYYY-MM-DD"T"HH24:MI:SS')
                           || CASE WHEN date_trunc('second', s.created_at) = s.created_at THEN ''
                                   ELSE to_char(s.created_at, '.US') END || 'Z',
                       'role', l.role
                   ) ORDER BY l.id
               ) AS list
          FROM workflow_samples AS l
          JOIN samples AS s ON s.id = l.sample_id
         WHERE l.workflow_id = ANY (ids)
         GROUP BY l.workflow_id
    )
    SELECT wanted.id, coalesce(step.list, '[]'), coalesce(sample.list, '[]')
      FROM unnest(ids) AS wanted (id)
      LEFT JOIN step ON step.workflow_id = wanted.id
      LEFT JOIN sample ON sample.workflow_id = wanted.id
$$
"""


def upgrade() -> None:
    op.execute(PARTS_OF_WORKFLOWS)


def downgrade() -> None:
    op.execute("DROP FUNCTION parts_of_workflows(varchar[])")
