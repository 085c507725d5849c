"""The SQL of device-service. The caller owns the transaction: no function here commits."""

import time
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from app.common import errors
from app.device_service import models

HANDSHAKE_SECONDS = 0.1
"""Seconds that a device's controller takes to confirm that it is ready for a new run."""


def list_devices(session: orm.Session) -> Sequence[models.Device]:
    return session.scalars(sa.select(models.Device).order_by(models.Device.id)).all()


def get_device(session: orm.Session, device_id: str) -> models.Device:
    """Return the device, read from the database even if this session has loaded it before."""
    device = session.get(models.Device, device_id, populate_existing=True)
    if device is None:
        raise errors.NotFound(f"No device {device_id!r}.")
    return device


def book_device(session: orm.Session, device_id: str, workflow_id: str) -> models.Booking:
    """Book an available device for a workflow.

    Raises:
        NotFound: there is no such device.
        Conflict: the device is not available.
    """
    device = session.get(models.Device, device_id)
    if device is None:
        raise errors.NotFound(f"No device {device_id!r}.")
    if device.status != "available":
        raise errors.Conflict(f"Device {device_id!r} is {device.status}.")

    time.sleep(HANDSHAKE_SECONDS)

    device.status = "busy"
    device.workflow_id = workflow_id
    booking = models.Booking(device_id=device_id, workflow_id=workflow_id)
    session.add(booking)
    session.flush()
    return booking


def release_device(session: orm.Session, device_id: str, workflow_id: str) -> models.Device:
    """Release the device that the workflow holds, and close its booking.

    Raises:
        NotFound: there is no such device.
        Forbidden: another workflow holds the device.
        Conflict: the device is not booked.
    """
    held = sa.and_(
        models.Device.id == device_id,
        models.Device.status == "busy",
        models.Device.workflow_id == workflow_id,
    )
    freed = session.scalars(
        sa.update(models.Device)
        .where(held)
        .values(status="available", workflow_id=None)
        .returning(models.Device)
    ).one_or_none()
    if freed is None:
        raise _not_held(get_device(session, device_id), workflow_id)

    session.execute(
        sa.update(models.Booking)
        .where(models.Booking.device_id == device_id, models.Booking.released_at.is_(None))
        .values(released_at=sa.func.now())
    )
    return freed


def _not_held(device: models.Device, workflow_id: str) -> errors.ApiError:
    if device.status == "busy" and device.workflow_id != workflow_id:
        return errors.Forbidden(f"Device {device.id!r} is booked by another workflow.")
    return errors.Conflict(f"Device {device.id!r} is not booked.")


def set_device_status(session: orm.Session, device_id: str, status: str) -> models.Device:
    """Set the status of a device that is not booked.

    Raises:
        NotFound: there is no such device.
        Conflict: the device is booked.
    """
    changed = session.scalars(
        sa.update(models.Device)
        .where(models.Device.id == device_id, models.Device.status != "busy")
        .values(status=status)
        .returning(models.Device)
    ).one_or_none()
    if changed is None:
        get_device(session, device_id)
        raise errors.Conflict(f"Device {device_id!r} is booked: release it first.")

    return changed


def list_execution_logs(session: orm.Session) -> Sequence[models.ExecutionLog]:
    """Return the execution logs, newest first."""
    newest_first = (models.ExecutionLog.started_at.desc(), models.ExecutionLog.id.desc())
    return session.scalars(sa.select(models.ExecutionLog).order_by(*newest_first)).all()


def search_execution_logs(
    session: orm.Session, start: datetime, end: datetime, device_id: str | None
) -> list[tuple[models.ExecutionLog, float | None]]:
    """Return the logs with start <= started_at < end, oldest first, each with its idle time in seconds.

    The idle time runs from the end of the same device's previous run. It is None if there is no previous run,
    or if that run has not ended. Of runs that started at the same time, the one with the lower id is earlier.
    """
    log = models.ExecutionLog
    earlier = orm.aliased(models.ExecutionLog)
    previous = (
        sa.select(earlier.completed_at)
        .where(
            earlier.device_id == log.device_id,
            sa.tuple_(earlier.started_at, earlier.id) < sa.tuple_(log.started_at, log.id),
        )
        .order_by(earlier.started_at.desc(), earlier.id.desc())
        .limit(1)
        .lateral("previous")
    )
    found = (
        sa.select(log, previous.c.completed_at)
        .outerjoin(previous, sa.true())
        .where(log.started_at >= start, log.started_at < end)
        .order_by(log.started_at, log.id)
    )
    if device_id is not None:
        found = found.where(log.device_id == device_id)
    return [(run, _gap(ended, run.started_at)) for run, ended in session.execute(found)]


def _gap(ended: datetime | None, started: datetime) -> float | None:
    """Return the seconds between the end of one run and the start of the next: 0 if they overlap."""
    return None if ended is None else max(0.0, (started - ended).total_seconds())
