"""All SQL of workflow-service. The caller owns the transaction: nothing here commits."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from app.common import errors
from app.workflow_service import models

MAX_LISTED = 120
"""How many workflows one list has at most: it bounds what a request may hold in memory."""


@dataclass(frozen=True, slots=True)
class NewStep:
    operation: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewLink:
    sample_id: int
    role: str


def list_workflows(session: orm.Session) -> list[dict[str, Any]]:
    """The newest workflows, each with its steps and its samples, the oldest of them first."""
    newest_first = (models.Workflow.created_at.desc(), models.Workflow.id.desc())
    newest = sa.select(models.Workflow).order_by(*newest_first).limit(MAX_LISTED)
    workflows = session.scalars(newest).all()
    return [describe(session, workflow) for workflow in reversed(workflows)]


def describe(session: orm.Session, workflow: models.Workflow) -> dict[str, Any]:
    """The workflow with its steps and its samples, as the API shows it."""
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
    """Add a pending workflow; its steps keep the order they are given in."""
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


def mark_running(session: orm.Session, workflow_id: str) -> models.Workflow:
    """Turn a pending workflow into a running one. Of two callers at once, one is told 409."""
    return _advance(session, workflow_id, "pending", status="running", started_at=sa.func.now())


def mark_completed(session: orm.Session, workflow_id: str) -> models.Workflow:
    """Turn a running workflow into a completed one. Of two callers at once, one is told 409."""
    return _advance(session, workflow_id, "running", status="completed", completed_at=sa.func.now())


def _advance(session: orm.Session, workflow_id: str, expected: str, **values: Any) -> models.Workflow:
    advanced = session.scalars(
        sa.update(models.Workflow)
        .where(models.Workflow.id == workflow_id, models.Workflow.status == expected)
        .values(**values)
        .returning(models.Workflow)
    ).one_or_none()
    if advanced is None:
        status = get_workflow(session, workflow_id).status
        raise errors.Conflict(f"Workflow {workflow_id!r} is {status}, not {expected}.")
    return advanced


def list_samples(session: orm.Session) -> Sequence[models.Sample]:
    return session.scalars(sa.select(models.Sample).order_by(models.Sample.id)).all()
