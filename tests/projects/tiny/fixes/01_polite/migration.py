from alembic import op

revision = "fix_1"
down_revision = None
branch_labels = ("fix1",)
depends_on = None


def upgrade() -> None:
    op.create_index("ix_things_name", "things", ["name"])


def downgrade() -> None:
    op.drop_index("ix_things_name", if_exists=True)
