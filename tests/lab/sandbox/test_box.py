"""A box: one loopback for a server, a prober and walled processes, which see nothing else of each other."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab.sandbox import Level
from tests.lab.sandbox.conftest import CALLERS

DRIVER = Path(__file__).with_name("box_driver.py")
WITH_BOXES = [
    pytest.param(name, marks=[pytest.mark.slow] if caller.words else [])
    for name, caller in CALLERS.items()
    if caller.level is Level.BWRAP
]
"""The callers of boxes; of several, the one that runs the tests is quick."""


@pytest.fixture(scope="module", params=WITH_BOXES)
def boxes(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """What the probers of two boxes report, which run at once, on the same ports."""
    caller = CALLERS[request.param]
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(caller.run, str(DRIVER)) for _ in range(2)]
        return [json.loads(run.result().stdout) for run in runs]


def test_the_walls_in_a_box_are_of_the_best_level(boxes: list[dict[str, Any]]) -> None:
    assert [box["level"] for box in boxes] == [Level.BWRAP] * 2


def test_the_prober_reaches_its_server_in_each_of_two_boxes_with_the_same_ports(
    boxes: list[dict[str, Any]],
) -> None:
    assert [box["answer"] for box in boxes] == [[1]] * 2


def test_a_walled_process_reaches_the_service_and_the_server_and_nothing_outside(
    boxes: list[dict[str, Any]],
) -> None:
    for seen in (box["seen"] for box in boxes):
        assert "raddr=('127.0.0.1', 5001)" in seen["service"]
        assert "password authentication failed" in seen["server"]
        assert "Network is unreachable" in seen["outside"]


def test_a_walled_process_sees_neither_the_data_nor_the_secret_nor_the_prober(
    boxes: list[dict[str, Any]],
) -> None:
    for seen in (box["seen"] for box in boxes):
        assert "No such file" in seen["data"]
        assert "No such file" in seen["secret"]
        assert seen["processes"] == ["1", "2"]
        assert seen["environments"] != "True"  # those of its own, or refused
        assert "of the prober" not in seen["temporary"]
