"""The SQL of workflow-service. The caller owns the transaction: no function here commits."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from app.common import errors
from app.workflow_service import models

MAX_LISTED = 120
"""The most workflows in one list."""


@dataclass(frozen=True, slots=True)
class NewStep:
    operation: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewLink:
    sample_id: int
    role: str


def list_workflows(session: orm.Session) -> list[dict[str, Any]]:
    """Return the newest MAX_LISTED workflows with their steps and samples, the oldest of them first."""
    newest_first = (models.Workflow.created_at.desc(), models.Workflow.id.desc())
    newest = sa.select(models.Workflow).order_by(*newest_first).limit(MAX_LISTED)
    workflows = session.scalars(newest).all()
    return [describe(session, workflow) for workflow in reversed(workflows)]


def describe(session: orm.Session, workflow: models.Workflow) -> dict[str, Any]:
    """Return the workflow with its steps and samples, as the API shows it."""
    links = session.scalars(
        sa.select(models.WorkflowSample)
        .where(models.WorkflowSample.workflow_id == workflow.id)
        .order_by(models.WorkflowSample.id)
    ).all()
    samples = []
    for link in links:
        sample = session.scalars(sa.select(models.Sample).where(models.Sample.id == link.sample_id)).one()
        samples.append(sample.as_json() | {"role": link.role})
    return workflow.as_json() | {
        "steps": [step.as_json() for step in workflow.steps],
        "samples": samples,
    }


def get_workflow(session: orm.Session, workflow_id: str) -> models.Workflow:
    workflow = session.get(models.Workflow, workflow_id)
    if workflow is None:
        raise errors.NotFound(f"No workflow {workflow_id!r}.")
    return workflow


def create_workflow(
    session: orm.Session, name: str, device_id: str, steps: Sequence[NewStep], links: Sequence[NewLink]
) -> models.Workflow:
    """Add a pending workflow. Its steps keep the given order.

    Raises:
        NotFound: one of the samples does not exist.
        Conflict: a sample is given twice.
    """
    _check_samples(session, [link.sample_id for link in links])
    workflow = models.Workflow(id=str(uuid.uuid4()), name=name, device_id=device_id)
    session.add(workflow)
    session.flush()
    for position, step in enumerate(steps, start=1):
        session.add(
            models.WorkflowStep(
                workflow_id=workflow.id,
                position=position,
                operation=step.operation,
                parameters=step.parameters,
            )
        )
    for link in links:
        session.add(models.WorkflowSample(workflow_id=workflow.id, sample_id=link.sample_id, role=link.role))
    session.flush()
    return workflow


def _check_samples(session: orm.Session, sample_ids: list[int]) -> None:
    wanted = set(sample_ids)
    if len(wanted) < len(sample_ids):
        raise errors.Conflict("A sample can have only one role in a workflow.")
    known = session.scalars(sa.select(models.Sample.id).where(models.Sample.id.in_(wanted)))
    missing = wanted.difference(known)
    if missing:
        raise errors.NotFound(f"No sample {min(missing)}.")


def get_pending(session: orm.Session, workflow_id: str) -> models.Workflow:
    """Return a workflow that is pending.

    Raises:
        NotFound: there is no such workflow.
        Conflict: it is not pending.
    """
    workflow = get_workflow(session, workflow_id)
    if workflow.status != "pending":
        raise _unexpected(workflow, "pending")
    return workflow


def mark_running(session: orm.Session, workflow_id: str) -> models.Workflow:
    """Change the status from pending to running. Of several concurrent callers, one succeeds.

    Raises:
        NotFound: there is no such workflow.
        Conflict: it is not pending.
    """
    return _update(session, workflow_id, "pending", status="running", started_at=sa.func.now())


def request_completion(session: orm.Session, workflow_id: str) -> models.Workflow:
    """Set `completed_at` of a running workflow. The call can be repeated until the workflow is completed.

    Raises:
        NotFound: there is no such workflow.
        Conflict: it is not running.
    """
    return _update(session, workflow_id, "running", completed_at=sa.func.now())


def mark_completed(session: orm.Session, workflow_id: str) -> models.Workflow:
    """Change the status from running to completed. Of several concurrent callers, one succeeds.

    Raises:
        NotFound: there is no such workflow.
        Conflict: it is not running.
    """
    return _update(session, workflow_id, "running", status="completed")


def _update(session: orm.Session, workflow_id: str, expected: str, **values: Any) -> models.Workflow:
    """Set these columns if the workflow has the expected status, or raise Conflict if it has another one."""
    updated = session.scalars(
        sa.update(models.Workflow)
        .where(models.Workflow.id == workflow_id, models.Workflow.status == expected)
        .values(**values)
        .returning(models.Workflow)
    ).one_or_none()
    if updated is None:
        raise _unexpected(get_workflow(session, workflow_id), expected)
    return updated


def _unexpected(workflow: models.Workflow, expected: str) -> errors.Conflict:
    return errors.Conflict(f"Workflow {workflow.id!r} is {workflow.status}, not {expected}.")


def list_samples(session: orm.Session) -> Sequence[models.Sample]:
    return session.scalars(sa.select(models.Sample).order_by(models.Sample.id)).all()
