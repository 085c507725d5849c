import sqlalchemy as sa
from alembic import op

revision = "fix_3"
down_revision = None
branch_labels = ("fix3",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("place", sa.Integer, sa.CheckConstraint("place > 0", name="ck_waiting_place")),
    )


def downgrade() -> None:
    op.drop_table("waiting", if_exists=True)
