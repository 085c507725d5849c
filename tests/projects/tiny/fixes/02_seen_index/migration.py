from alembic import op

revision = "fix_2"
down_revision = None
branch_labels = ("fix2",)
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_things_seen_at", "things", ["seen_at"], if_not_exists=True, postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_things_seen_at", if_exists=True, postgresql_concurrently=True)
