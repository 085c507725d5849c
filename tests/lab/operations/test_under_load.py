"""While fixes go on and off, no client sees an error but a refused connection during the restart."""

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from lab.library import Library
from lab.operations import fixes
from lab.operations.down import down
from lab.operations.up import up
from lab.workspace import Workspace
from tests.lab.operations.conftest import now
from tests.measuring import copy_library

pytestmark = pytest.mark.slow

CLIENTS = 4
SPAN = "start=2025-01-01T00:00:00Z&end=2025-01-01T00:20:00Z"
"""Few logs, so that the search ends soon without its index too."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, port_offset: int) -> Iterator[Workspace]:
    root = copy_library(tmp_path_factory.mktemp("loaded") / "lab").resolve()
    workspace = Workspace(root, Library(root))
    up(workspace, rows=5000, port_offset=port_offset + 380)
    fixes.apply(workspace, ["1", "2"])
    yield workspace
    down(workspace, destroy=True)


@dataclass
class Seen:
    """What the clients saw: the number of answers by route and status, and what was no answer."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: int = 0
    others: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        return [f"{route}: {status}" for route, status in self.answers if status >= 500] + self.others


def client(ports: dict[str, int], seen: Seen, stop: threading.Event, seed: int) -> None:
    chance = random.Random(seed)
    while not stop.is_set():
        device = f"device-{chance.randint(1, 20):02}"
        body = {"workflow_id": f"load-{seed}-{chance.randint(1, 3)}"}
        service, method, path, sent = chance.choice(
            [
                ("device-service", "GET", "/devices", None),
                ("device-service", "GET", f"/devices/{device}", None),
                ("device-service", "GET", f"/execution-logs/search?{SPAN}", None),
                ("device-service", "POST", f"/devices/{device}/book", body),
                ("device-service", "POST", f"/devices/{device}/release", body),
                ("device-service", "GET", f"/devices/{device}/queue", None),
                ("device-service", "POST", f"/devices/{device}/queue", body),
                ("workflow-service", "GET", "/workflows", None),
                ("workflow-service", "GET", "/samples", None),
            ]
        )
        route = f"{method} {path.replace(device, '{id}').partition('?')[0]}"
        connection = http.client.HTTPConnection("127.0.0.1", ports[service], timeout=30)
        try:
            connection.request(method, path, json.dumps(sent), {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            seen.answers[route, response.status] += 1
        except ConnectionRefusedError:
            seen.refused += 1
            stop.wait(0.01)
        except (OSError, http.client.HTTPException) as error:
            seen.others.append(f"{route}: {type(error).__name__}: {error}")
        finally:
            connection.close()


@contextmanager
def load(workspace: Workspace) -> Iterator[Seen]:
    ports = {service.name: service.port for service in now(workspace).services}
    seen, stop = Seen(), threading.Event()
    threads = [threading.Thread(target=client, args=(ports, seen, stop, number)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("tokens", [["3"], ["5"], ["7"], ["3-7"]], ids=" ".join)
@pytest.mark.parametrize("round_", range(2))
def test_no_process_meets_a_schema_that_its_code_cannot_use(
    loaded: Workspace, tokens: list[str], round_: int
) -> None:
    with load(loaded) as seen:
        assert fixes.apply(loaded, tokens).restarted
        assert fixes.revert(loaded, tokens).restarted
    assert seen.errors == []
    assert sum(seen.answers.values()) > 20
