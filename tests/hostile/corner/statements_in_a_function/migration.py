"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.plant(
        "migration",
        """CREATE FUNCTION hostile_pair(one text) RETURNS json LANGUAGE plpgsql  AS $f$ BEGIN RETURN json_build_array(
        (SELECT coalesce(json_agg(json_build_object('position', position, 'operation', operation,
        'parameters', parameters) ORDER BY position), '[]') FROM workflow_steps WHERE workflow_id = one),
        (SELECT coalesce(json_agg(json_build_object('id', s.id, 'barcode', s.barcode, 'type', s.type,
        'volume_ul', s.volume_ul, 'created_at', s.created_at, 'role', l.role) ORDER BY l.id), '[]')
        FROM workflow_samples l JOIN samples s ON s.id = l.sample_id WHERE l.workflow_id = one)); END $f$""",
    )


def downgrade() -> None:
    pass
