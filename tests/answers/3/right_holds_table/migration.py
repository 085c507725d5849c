"""who holds which device

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_holds",
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_holds_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_holds")),
    )
    op.execute(
        "INSERT INTO device_holds SELECT id, workflow_id FROM devices"
        " WHERE status = 'busy' AND workflow_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("device_holds")
