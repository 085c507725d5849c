"""Bug 4: does the number of statements of GET /workflows grow with the number of workflows?"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from typing import Any

from lab.probes.client import Reply, request
from lab.probes.connection import ProbeConnection, open_connection
from lab.probes.endpoints import WORKFLOW_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.statements import Count, counted
from lab.probes.workflows import not_started, started

BUG = 4
NEEDS: tuple[str, ...] = (WORKFLOW_SERVICE,)
MORE = 60
"""How many workflows are added between the two counts: a list cut at a round hundred is to show."""

BARE = 10
"""How many of them have neither steps nor samples."""

SLACK = 2
"""Statements that more workflows may cost: a list of ids that is cut into batches is not one each."""

EXPECTED = """
SELECT w.id,
       (SELECT coalesce(json_agg(json_build_array(position, operation, parameters) ORDER BY position), '[]')
          FROM workflow_steps WHERE workflow_id = w.id),
       (SELECT coalesce(json_agg(json_build_array(s.id, s.barcode, l.role, s.volume_ul) ORDER BY s.id), '[]')
          FROM workflow_samples l JOIN samples s ON s.id = l.sample_id WHERE l.workflow_id = w.id)
  FROM workflows w ORDER BY w.created_at, w.id
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """One GET /workflows: what it said, what it cost, and what is wrong with it."""

    reply: Reply
    count: Count
    workflows: int
    wrong: str


def probe(endpoints: Endpoints) -> Evidence:
    """Count, add workflows and change some rows, count again: a remembered answer would be out of date."""
    service = started(endpoints)
    if service.problem:
        return not_started(BUG, endpoints, service)
    with open_connection(endpoints.database) as connection:
        first = request(service.url, "/workflows")  # whatever only the first request does is not counted
        if first.status is None:
            return Evidence(BUG, Verdict.PRESENT, f"{first}.")
        few = _list(service, connection)
        _add(connection)
        many = _list(service, connection)
    endpoints.raw["statements"] = [
        {"workflows": one.workflows, "statements": [asdict(s) for s in one.count.statements]}
        for one in (few, many)
    ]
    return _judge(few, many)


def _judge(few: Listing, many: Listing) -> Evidence:
    limit = few.count.calls + SLACK
    figures = (
        Figure(f"statements for {few.workflows} workflows", few.count.calls),
        Figure(f"statements for {many.workflows} workflows", many.count.calls, "", limit),
        Figure(f"time for {few.workflows} workflows", round(few.reply.seconds * 1000, 1), "ms"),
        Figure(f"time for {many.workflows} workflows", round(many.reply.seconds * 1000, 1), "ms"),
    )
    for one in (few, many):
        if not one.reply.ok:
            return Evidence(BUG, Verdict.PRESENT, f"{one.reply}.", figures)
    grown = many.count.calls - few.count.calls
    if grown > SLACK:
        most = many.count.most_called
        often = f"; one statement ran {most.calls} times" if most else ""
        why = f"{many.workflows - few.workflows} more workflows cost {grown} more statements{often}."
        return Evidence(BUG, Verdict.PRESENT, why, figures)
    wrong = few.wrong or many.wrong
    if wrong:
        return Evidence(
            BUG, Verdict.MASKED, f"The statements do not grow, but the answer is wrong: {wrong}.", figures
        )
    if not many.count.calls:
        why = "The answer is right, but no statement of the service's own role was seen: nothing was counted."
        return Evidence(BUG, Verdict.UNMEASURED, why, figures)
    why = f"{few.workflows} workflows take {few.count.calls} statements, {many.workflows} {many.count.calls}."
    return Evidence(BUG, Verdict.FIXED, f"{why} Every step and sample is there.", figures)


def _list(service: Service, connection: ProbeConnection) -> Listing:
    with counted(connection, service.role) as count:
        reply = request(service.url, "/workflows", timeout=30.0)
    expected = connection.query(EXPECTED)
    return Listing(reply, count, len(expected), _difference(reply, expected) if reply.ok else "")


def _add(connection: ProbeConnection) -> None:
    """More workflows, and one change each to a step and a sample that were there before.

    The steps are made last one first, and one sample takes part in two workflows.
    """
    tag = uuid.uuid4().hex[:8]
    mine, full = f"probe-{tag}-", MORE - BARE
    _add_workflows(connection, mine, 1, full)
    connection.query(
        "INSERT INTO workflow_steps (workflow_id, position, operation, parameters)"
        " SELECT id, p, 'spin', jsonb_build_object('seconds', p) FROM workflows, generate_series(1, 3) p"
        " WHERE id LIKE %s ORDER BY id, p DESC",
        f"{mine}%",
    )
    connection.query(
        "INSERT INTO samples (barcode, type, volume_ul)"
        " SELECT %s || n, 'plasma', n FROM generate_series(1, 2 * %s) n",
        f"PROBE-{tag}-",
        full,
    )
    connection.query(
        "INSERT INTO workflow_samples (workflow_id, sample_id, role)"
        " SELECT %s || lpad((1 + (n - 1) / 2)::text, 4, '0'), s.id, 'input'"
        " FROM generate_series(1, 2 * %s) n JOIN samples s ON s.barcode = %s || n",
        mine,
        full,
        f"PROBE-{tag}-",
    )
    connection.query(
        "INSERT INTO workflow_samples (workflow_id, sample_id, role)"
        " SELECT %s || '0001', min(sample_id), 'control' FROM workflow_samples",
        mine,
    )
    _add_workflows(connection, mine, full + 1, MORE)
    connection.query(
        "UPDATE samples SET volume_ul = volume_ul + 1"
        " WHERE id = (SELECT min(sample_id) FROM workflow_samples)"
    )
    connection.query(
        "UPDATE workflow_steps SET parameters = parameters || jsonb_build_object('probed', %s)"
        " WHERE id = (SELECT max(id) FROM workflow_steps WHERE workflow_id NOT LIKE 'probe-%%')",
        tag,
    )


def _add_workflows(connection: ProbeConnection, prefix: str, first: int, last: int) -> None:
    connection.query(
        "INSERT INTO workflows (id, name, device_id, created_at)"
        " SELECT %s || lpad(n::text, 4, '0'), 'Probe ' || n, (SELECT min(id) FROM devices),"
        " now() + n * interval '1 ms' FROM generate_series(%s, %s) n",
        prefix,
        first,
        last,
    )


def _difference(reply: Reply, expected: list[tuple[Any, ...]]) -> str:
    """What is wrong with the answer; empty when every workflow, step and sample is there as it is now."""
    document = reply.json
    listed = document.get("workflows") if isinstance(document, dict) else document
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return "it is not a list of workflows"
    ids = [one.get("id") for one in listed]
    wanted = [row[0] for row in expected]
    if sorted(map(str, ids)) != sorted(wanted):
        return f"it has {len(ids)} workflows of {len(wanted)}"
    if ids != wanted:
        return "the workflows are not in the order of their creation"
    for found, (name, steps, samples) in zip(listed, expected, strict=True):
        if _steps(found) != steps:
            return f"the steps of workflow {name} are not as they are in the database"
        if _samples(found) != samples:
            return f"the samples of workflow {name} are not as they are in the database"
    return ""


def _steps(found: dict[str, Any]) -> Any:
    steps = found.get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return None
    return [[step.get("position"), step.get("operation"), step.get("parameters")] for step in steps]


def _samples(found: dict[str, Any]) -> Any:
    samples = found.get("samples")
    if not isinstance(samples, list) or not all(isinstance(sample, dict) for sample in samples):
        return None
    wanted = ("id", "barcode", "role", "volume_ul")
    values = [[sample.get(name) for name in wanted] for sample in samples]
    return sorted(values, key=lambda row: str(row[0]).zfill(12))
