"""bookings are reservations, step 1 of 2: both names

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("bookings", "reservations")
    op.execute("ALTER INDEX pk_bookings RENAME TO pk_reservations")
    op.execute("ALTER INDEX ix_bookings_device_id RENAME TO ix_reservations_device_id")
    op.execute(
        "ALTER TABLE reservations"
        " RENAME CONSTRAINT fk_bookings_device_id_devices TO fk_reservations_device_id_devices"
    )
    op.execute(
        "CREATE VIEW bookings AS SELECT id, device_id, workflow_id, booked_at, released_at FROM reservations"
    )


def downgrade() -> None:
    op.execute("DROP VIEW bookings")
    op.rename_table("reservations", "bookings")
    op.execute("ALTER INDEX pk_reservations RENAME TO pk_bookings")
    op.execute("ALTER INDEX ix_reservations_device_id RENAME TO ix_bookings_device_id")
    op.execute(
        "ALTER TABLE bookings"
        " RENAME CONSTRAINT fk_reservations_device_id_devices TO fk_bookings_device_id_devices"
    )
