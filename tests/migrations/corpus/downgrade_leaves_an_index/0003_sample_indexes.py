"""find samples by type and by date

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_samples_type"), "samples", ["type"])
    op.create_index(op.f("ix_samples_created_at"), "samples", ["created_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_samples_type"), table_name="samples")
