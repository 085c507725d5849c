"""search devices by part of a name

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION pg_trgm")
    op.create_index(
        op.f("ix_devices_name"),
        "devices",
        ["name"],
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_devices_name"), table_name="devices")
    op.execute("DROP EXTENSION pg_trgm")
