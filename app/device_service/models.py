"""The tables of device-service."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.common import timestamps
from app.common.database import Base


class Device(Base):
    """An instrument. `workflow_id` is the workflow that holds it, null unless the status is busy."""

    __tablename__ = "devices"
    __table_args__ = (
        sa.CheckConstraint("status IN ('available', 'busy', 'maintenance', 'offline')", name="status"),
    )

    id: Mapped[str] = mapped_column(sa.String(50), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    type: Mapped[str] = mapped_column(sa.String(50))
    status: Mapped[str] = mapped_column(sa.String(20), server_default="available")
    workflow_id: Mapped[str | None] = mapped_column(sa.String(36))
    updated_at: Mapped[datetime] = mapped_column(
        sa.DateTime, server_default=sa.func.now(), onupdate=sa.func.now()
    )

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "status": self.status,
            "workflow_id": self.workflow_id,
            "updated_at": timestamps.to_json(self.updated_at),
        }


class Booking(Base):
    """The time for which one workflow holds one device. `released_at` is null until it is released."""

    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(sa.String(50), sa.ForeignKey("devices.id"), index=True)
    workflow_id: Mapped[str] = mapped_column(sa.String(36))
    booked_at: Mapped[datetime] = mapped_column(sa.DateTime, server_default=sa.func.now())
    released_at: Mapped[datetime | None] = mapped_column(sa.DateTime)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "device_id": self.device_id,
            "workflow_id": self.workflow_id,
            "booked_at": timestamps.to_json(self.booked_at),
            "released_at": timestamps.to_json(self.released_at),
        }


class ExecutionLog(Base):
    """One run of one operation on a device. `completed_at` is null while the operation runs."""

    __tablename__ = "execution_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(sa.String(50), sa.ForeignKey("devices.id"))
    workflow_id: Mapped[str] = mapped_column(sa.String(36))
    operation: Mapped[str] = mapped_column(sa.String(50))
    status: Mapped[str] = mapped_column(sa.String(20))
    message: Mapped[str | None] = mapped_column(sa.Text)
    started_at: Mapped[datetime] = mapped_column(sa.DateTime)
    completed_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    duration_ms: Mapped[int | None] = mapped_column(sa.Integer)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "device_id": self.device_id,
            "workflow_id": self.workflow_id,
            "operation": self.operation,
            "status": self.status,
            "message": self.message,
            "started_at": timestamps.to_json(self.started_at),
            "completed_at": timestamps.to_json(self.completed_at),
            "duration_ms": self.duration_ms,
        }
