"""The tables of workflow-service."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.common import timestamps
from app.common.database import Base

SAMPLE_ROLES = ("input", "output", "control")


class Workflow(Base):
    """A series of steps on one device. Its status is pending, then running, then completed.

    `completed_at` is set when completion is requested. The status changes once the device has been released.
    """

    __tablename__ = "workflows"
    __table_args__ = (sa.CheckConstraint("status IN ('pending', 'running', 'completed')", name="status"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    device_id: Mapped[str] = mapped_column(sa.String(50))
    status: Mapped[str] = mapped_column(sa.String(20), server_default="pending")
    created_at: Mapped[datetime] = mapped_column(sa.DateTime, server_default=sa.func.now())
    started_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    completed_at: Mapped[datetime | None] = mapped_column(sa.DateTime)

    steps: Mapped[list["WorkflowStep"]] = relationship(order_by="WorkflowStep.position")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "device_id": self.device_id,
            "status": self.status,
            "created_at": timestamps.to_json(self.created_at),
            "started_at": timestamps.to_json(self.started_at),
            "completed_at": timestamps.to_json(self.completed_at),
        }


class WorkflowStep(Base):
    """One operation of a workflow, with the parameters that the device receives."""

    __tablename__ = "workflow_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow_id: Mapped[str] = mapped_column(sa.String(36), sa.ForeignKey("workflows.id"))
    position: Mapped[int] = mapped_column(sa.Integer)
    operation: Mapped[str] = mapped_column(sa.String(50))
    parameters: Mapped[dict[str, Any]] = mapped_column(
        postgresql.JSONB, server_default=sa.text("'{}'::jsonb")
    )

    def as_json(self) -> dict[str, Any]:
        return {"position": self.position, "operation": self.operation, "parameters": self.parameters}


class Sample(Base):
    """A tube or a well, identified by its barcode."""

    __tablename__ = "samples"

    id: Mapped[int] = mapped_column(primary_key=True)
    barcode: Mapped[str] = mapped_column(sa.String(50), unique=True)
    type: Mapped[str] = mapped_column(sa.String(50))
    volume_ul: Mapped[float] = mapped_column(sa.Double)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime, server_default=sa.func.now())

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "barcode": self.barcode,
            "type": self.type,
            "volume_ul": self.volume_ul,
            "created_at": timestamps.to_json(self.created_at),
        }


class WorkflowSample(Base):
    """The use of one sample in one workflow, and its role there."""

    __tablename__ = "workflow_samples"

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow_id: Mapped[str] = mapped_column(sa.String(36), sa.ForeignKey("workflows.id"))
    sample_id: Mapped[int] = mapped_column(sa.ForeignKey("samples.id"))
    role: Mapped[str] = mapped_column(sa.String(20))

    __table_args__ = (
        sa.UniqueConstraint("sample_id", "workflow_id"),
        sa.CheckConstraint("role IN ('input', 'output', 'control')", name="role"),
    )
