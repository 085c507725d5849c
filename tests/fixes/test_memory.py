"""With all fixes applied, eight of the largest requests at once stay below the memory limit."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from lab.catalog import Catalog
from lab.operations.ownership import Dataset
from lab.operations.prepared import prepared_server
from lab.probing.bench import Bench, Service
from lab.probing.client import Reply, request
from lab.probing.load import send_together
from lab.progress import silent
from lab.workspace import Workspace
from probes.devices import DEVICE_SERVICE
from probes.workflows import WORKFLOW_SERVICE
from tests.measuring import Bench as Workbench
from tests.measuring import copy_shipped

LOGS = 500_000
TOGETHER = 8
ROUNDS = 2
TIMEOUT = 60.0
WIDEST = {"start": "2024-12-17", "end": "2025-01-17"}
"""The 31 days around the incident day, which have the most logs."""

STEP = {"operation": "spin", "parameters": {f"setting {n:02d}": "x" * 16 for n in range(20)}}
LARGEST = {
    "name": "Large",
    "device_id": "device-01",
    "steps": [STEP] * 20,
    "samples": [{"sample_id": n, "role": "input"} for n in range(1, 21)],
}


@pytest.fixture(scope="module")
def lab(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("memory")
    workspace = Workspace(copy_shipped(home / "workspace"))
    prepared = prepared_server(workspace, Dataset(LOGS), silent)
    bench = Workbench(workspace.root, home / "runs", prepared)
    for fix in catalog.fixes:
        bench.patch(fix.folder / "code.patch")
    with bench.shadow(fixes=tuple(catalog.fixes)) as made:
        yield made.bench


def eight_at_once(service: Service, path: str, **options: Any) -> list[Reply]:
    return [
        reply
        for _ in range(ROUNDS)
        for reply in send_together(
            [partial(request, service.url, path, timeout=TIMEOUT, **options)] * TOGETHER
        )
    ]


def stops_within_its_limit(service: Service, limit: int) -> None:
    ended = service.stop()
    assert ended.reason == "stopped", str(ended)
    assert 0 < ended.peak < limit


@pytest.mark.slow
def test_searches_of_the_longest_span_around_the_incident_day(lab: Bench) -> None:
    service = lab.launch(DEVICE_SERVICE, "search")
    replies = eight_at_once(service, "/execution-logs/search", query=WIDEST)
    assert [(reply.status, len(reply.json["logs"])) for reply in replies] == [(200, 4345)] * len(replies)
    stops_within_its_limit(service, lab.memory_limits[DEVICE_SERVICE])


@pytest.mark.slow
def test_lists_of_the_largest_possible_workflows(lab: Bench) -> None:
    service = lab.launch(WORKFLOW_SERVICE, "lists")
    made = {request(service.url, "/workflows", method="POST", body=LARGEST).status for _ in range(130)}
    assert made == {201}
    replies = eight_at_once(service, "/workflows")
    assert [(reply.status, len(reply.json["workflows"])) for reply in replies] == [(200, 120)] * len(replies)
    stops_within_its_limit(service, lab.memory_limits[DEVICE_SERVICE])
