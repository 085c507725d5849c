"""Bug 4: does GET /workflows execute more statements when there are more workflows?"""

import random
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from lab.probing.bench import Bench, Service, ServiceFailed
from lab.probing.client import Reply, objects, request
from lab.probing.connection import ProbeConnection, open_connection
from lab.probing.evidence import Evidence, Figure, Verdict
from lab.probing.statements import NOT_COUNTED, Count, counted

from .workflows import configured

ADDED = 60
"""Workflows that are added between the two counts, so that a list cut at 100 is noticed."""

EMPTY = 10
"""How many of the added workflows have neither steps nor samples."""

SLACK = 2
"""Statements by which the second count may exceed the first: long lists of ids may be sent in batches."""

EXPECTED = """
SELECT w.id,
       (SELECT coalesce(json_agg(json_build_array(position, operation, parameters) ORDER BY position), '[]')
          FROM workflow_steps WHERE workflow_id = w.id),
       (SELECT coalesce(json_agg(json_build_array(s.id, s.barcode, l.role, s.volume_ul) ORDER BY s.id), '[]')
          FROM workflow_samples l JOIN samples s ON s.id = l.sample_id WHERE l.workflow_id = w.id)
  FROM workflows w ORDER BY w.created_at, w.id
"""
CHANGE = """
INSERT INTO workflows (id, name, device_id, created_at)
SELECT %(prefix)s || lpad(n::text, 4, '0'), 'Titration ' || n, (SELECT min(id) FROM devices),
       now() + n * interval '1 ms'
  FROM generate_series(1, %(added)s) n;
INSERT INTO workflow_steps (workflow_id, position, operation, parameters)
SELECT %(prefix)s || lpad(n::text, 4, '0'), p, 'spin', jsonb_build_object('seconds', p)
  FROM generate_series(1, %(full)s) n, generate_series(1, 3) p ORDER BY n, p DESC;
INSERT INTO samples (barcode, type, volume_ul)
SELECT %(tag)s || n, 'plasma', n FROM generate_series(1, 2 * %(full)s) n;
INSERT INTO workflow_samples (workflow_id, sample_id, role)
SELECT %(prefix)s || lpad((1 + (n - 1) / 2)::text, 4, '0'), s.id, 'input'
  FROM generate_series(1, 2 * %(full)s) n JOIN samples s ON s.barcode = %(tag)s || n;
INSERT INTO workflow_samples (workflow_id, sample_id, role)
SELECT %(prefix)s || '0001', min(sample_id), 'control' FROM workflow_samples;
UPDATE samples SET volume_ul = volume_ul + 1 WHERE id = (SELECT min(sample_id) FROM workflow_samples);
UPDATE workflow_steps SET parameters = parameters || jsonb_build_object('lot', %(tag)s)
 WHERE id = (SELECT max(id) FROM workflow_steps WHERE workflow_id NOT LIKE %(prefix)s || '%%')
"""
"""Adds workflows, and changes one step and one sample that existed before.

Steps are inserted in descending order of their position, and one sample belongs to two workflows.
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """One GET /workflows of `workflows` rows. `wrong` says how a successful reply differs from the rows."""

    reply: Reply
    count: Count
    workflows: int
    wrong: str


def probe(bench: Bench) -> Evidence:
    """Count, add workflows and change some rows, then count again: a cached response would be outdated."""
    service = configured(bench)
    with open_connection(bench.database) as connection:
        first = request(service.url, "/workflows")  # not counted: the first request may do extra work
        if first.status is None:
            raise ServiceFailed(str(first))
        few = _list(service, connection)
        prefix, tag = str(uuid.uuid4())[:-4], f"{random.randrange(10**5, 10**9)}-"
        connection.query(CHANGE, prefix=prefix, tag=tag, added=ADDED, full=ADDED - EMPTY)
        many = _list(service, connection)
    bench.raw["statements"] = [
        {"workflows": one.workflows, "statements": [asdict(s) for s in one.count.statements]}
        for one in (few, many)
    ]
    return _judge(few, many)


def _judge(few: Listing, many: Listing) -> Evidence:
    limit = few.count.calls + SLACK
    figures = (
        Figure(f"statements for {few.workflows} workflows", few.count.calls),
        Figure(f"statements for {many.workflows} workflows", many.count.calls, "", limit),
        Figure.duration(f"time for {few.workflows} workflows", few.reply.seconds),
        Figure.duration(f"time for {many.workflows} workflows", many.reply.seconds),
    )
    for one in (few, many):
        if not one.reply.ok:
            return Evidence(Verdict.PRESENT, f"{one.reply}.", figures)
    grown = many.count.calls - few.count.calls
    if grown > SLACK:
        most = many.count.most_called
        often = f"; one statement ran {most.calls} times" if most else ""
        why = f"{many.workflows - few.workflows} more workflows cost {grown} more statements{often}."
        return Evidence(Verdict.PRESENT, why, figures)
    wrong = few.wrong or many.wrong
    if wrong:
        why = f"The number of statements does not grow, but the response is wrong: {wrong}."
        return Evidence(Verdict.MASKED, why, figures)
    if not many.count.calls:
        return Evidence(Verdict.UNMEASURED, NOT_COUNTED, figures)
    why = f"{few.workflows} workflows take {few.count.calls} statements, {many.workflows} {many.count.calls}"
    return Evidence(Verdict.FIXED, f"{why}, and every step and sample is in the response.", figures)


def _list(service: Service, connection: ProbeConnection) -> Listing:
    with counted(connection) as count:
        reply = request(service.url, "/workflows", timeout=30.0)
    expected = connection.query(EXPECTED)
    return Listing(reply, count, len(expected), _difference(reply, expected) if reply.ok else "")


def _difference(reply: Reply, expected: list[tuple[Any, ...]]) -> str:
    """What is wrong with the response; empty if it has every workflow, step and sample of the database."""
    listed = reply.objects("workflows")
    if listed is None:
        return "it is not a list of workflows"
    ids = [one.get("id") for one in listed]
    wanted = [row[0] for row in expected]
    if sorted(map(str, ids)) != sorted(wanted):
        return f"it has {len(ids)} workflows of {len(wanted)}"
    if ids != wanted:
        return "the workflows are not in the order of their creation"
    for found, (name, steps, samples) in zip(listed, expected, strict=True):
        if _members(found, "steps", ("position", "operation", "parameters")) != steps:
            return f"the steps of workflow {name} differ from those in the database"
        listed_samples = _members(found, "samples", ("id", "barcode", "role", "volume_ul"))
        if listed_samples is None or sorted(listed_samples, key=lambda row: str(row[0]).zfill(12)) != samples:
            return f"the samples of workflow {name} differ from those in the database"
    return ""


def _members(workflow: dict[str, Any], name: str, columns: tuple[str, ...]) -> list[list[Any]] | None:
    found = objects(workflow.get(name))
    return None if found is None else [[one.get(column) for column in columns] for one in found]
