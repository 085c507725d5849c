"""Keep the steps and samples of each workflow in one document

Triggers write it whenever they change.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


WRITE_DOCUMENTS = """
CREATE FUNCTION write_workflow_documents(ids varchar[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- One writer of a workflow at a time: the next one sees what this one has committed.
    PERFORM FROM workflows WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    INSERT INTO workflow_documents (workflow_id, steps, links)
    SELECT w.id,
           coalesce((
               SELECT jsonb_agg(jsonb_build_object(
                          'position', t.position, 'operation', t.operation, 'parameters', t.parameters
                      ) ORDER BY t.position, t.id)
                 FROM workflow_steps AS t WHERE t.workflow_id = w.id
           ), '[]'),
           coalesce((
               SELECT jsonb_agg(jsonb_build_object('sample_id', l.sample_id, 'role', l.role) ORDER BY l.id)
                 FROM workflow_samples AS l WHERE l.workflow_id = w.id
           ), '[]')
      FROM workflows AS w
     WHERE w.id = ANY (ids)
    ON CONFLICT (workflow_id) DO UPDATE SET steps = excluded.steps, links = excluded.links;
END
$$
"""
ON_ROWS = """
CREATE FUNCTION write_changed_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM write_workflow_documents(array_agg(DISTINCT workflow_id)) FROM changed;
    RETURN NULL;
END
$$
"""
ON_UPDATE = """
CREATE FUNCTION write_updated_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM write_workflow_documents(array_agg(DISTINCT workflow_id))
       FROM (SELECT workflow_id FROM old_rows UNION SELECT workflow_id FROM changed) AS both_versions;
    RETURN NULL;
END
$$
"""
ON_TRUNCATE = """
CREATE FUNCTION write_all_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM write_workflow_documents(array_agg(id)) FROM workflows;
    RETURN NULL;
END
$$
"""
TABLES = ("workflow_steps", "workflow_samples")
TRIGGERS = """
CREATE TRIGGER document_after_insert AFTER INSERT ON {0} REFERENCING NEW TABLE AS changed
   FOR EACH STATEMENT EXECUTE FUNCTION write_changed_documents();
CREATE TRIGGER document_after_delete AFTER DELETE ON {0} REFERENCING OLD TABLE AS changed
   FOR EACH STATEMENT EXECUTE FUNCTION write_changed_documents();
CREATE TRIGGER document_after_update AFTER UPDATE ON {0}
   REFERENCING OLD TABLE AS old_rows NEW TABLE AS changed
   FOR EACH STATEMENT EXECUTE FUNCTION write_updated_documents();
CREATE TRIGGER document_after_truncate AFTER TRUNCATE ON {0}
   FOR EACH STATEMENT EXECUTE FUNCTION write_all_documents();
"""


def upgrade() -> None:
    op.create_table(
        "workflow_documents",
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("links", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_documents_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", name=op.f("pk_workflow_documents")),
    )
    op.create_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps", ["workflow_id"])
    op.create_index(op.f("ix_workflow_samples_workflow_id"), "workflow_samples", ["workflow_id"])
    for function in (WRITE_DOCUMENTS, ON_ROWS, ON_UPDATE, ON_TRUNCATE):
        op.execute(function)
    for table in TABLES:
        op.execute(TRIGGERS.format(table))
    op.execute("SELECT write_workflow_documents(array_agg(id)) FROM workflows")


def downgrade() -> None:
    for table in TABLES:
        for event in ("insert", "delete", "update", "truncate"):
            op.execute(f"DROP TRIGGER document_after_{event} ON {table}")
    for function in ("write_all", "write_updated", "write_changed"):
        op.execute(f"DROP FUNCTION {function}_documents()")
    op.execute("DROP FUNCTION write_workflow_documents(varchar[])")
    op.drop_index(op.f("ix_workflow_samples_workflow_id"), "workflow_samples")
    op.drop_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps")
    op.drop_table("workflow_documents")
