"""Two estimates of a wait are compared with room for the time that passes between them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from lab.probing.client import Reply
from probes.device_queue import contract
from probes.device_queue.calls import BrokenPromise, Queue
from probes.device_queue.contract import estimates_the_wait

SLOW = 45.0
"""Seconds that every request takes here."""

VALUES = {"high": 1, "normal": 5, "low": 10}


@dataclass
class Clock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Device:
    status: str
    since: float
    operations: dict[int, float] = field(default_factory=dict)
    """The seconds that each operation of a day took, by how many days ago that was."""
    queue: list[int] = field(default_factory=list)

    @property
    def operation(self) -> float:
        return self.operations[min(self.operations)] if self.operations else 0.0


Estimate = Callable[[Device, int, float, dict[str, Device]], float]


def right(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return (1 + ahead) * device.operation


def right_less_the_elapsed_time(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return max(device.operation - (now - device.since), 1.0) + ahead * device.operation


def right_in_whole_minutes(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return 60 * round(right_less_the_elapsed_time(device, ahead, now, _) / 60 + 0.5)


def wrong_constant(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return max(3000 - (now - device.since), 1.0) + ahead


def wrong_of_all_devices(device: Device, ahead: int, now: float, devices: dict[str, Device]) -> float:
    average = sum(one.operation for one in devices.values()) / len(devices)
    return max(average - (now - device.since), 1.0) + ahead * average


def wrong_without_the_queue(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return max(device.operation - (now - device.since), 1.0)


def wrong_negative(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return device.operation - (now - device.since) + ahead * device.operation


def wrong_of_the_first_operations(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    first = device.operations[max(device.operations)]
    return max(first - (now - device.since), 1.0) + ahead * first


def wrong_rising(device: Device, ahead: int, now: float, _: dict[str, Device]) -> float:
    return device.operation + (now - device.since) + ahead * device.operation


class Laboratory:
    """Takes the place of the queue and of its connection. Each request takes `seconds`."""

    def __init__(self, clock: Clock, estimate: Estimate, seconds: float) -> None:
        self.clock, self.estimate, self.seconds = clock, estimate, seconds
        self.devices: dict[str, Device] = {}
        self.connection = self

    def new_device(self, status: str = "available") -> str:
        name = f"device-{len(self.devices)}"
        self.devices[name] = Device(status, self.clock.now)
        return name

    def new_busy_device(self) -> tuple[str, str]:
        return self.new_device("busy"), "workflow"

    def add_operations(self, device: str, seconds: int, days: int = 0) -> None:
        self.devices[device].operations[days] = seconds

    def extend_booking(self, device: str, seconds: int) -> None:
        self.devices[device].since -= seconds

    def join(self, device: str, workflow: str, priority: str = "normal") -> Reply:
        self.devices[device].queue.append(VALUES[priority])
        self.devices[device].queue.sort()
        return self._reply({})

    def wait_time(self, name: str, priority: str = "normal") -> Reply:
        if priority not in VALUES:
            return self._reply({}, 400)
        device = self.devices[name]
        if device.status == "maintenance":
            return self._reply({"wait_seconds": None, "reason": "It is in maintenance."})
        ahead = sum(value <= VALUES[priority] for value in device.queue)
        return self._reply({"wait_seconds": 0 if device.status == "available" else self._wait(device, ahead)})

    def entries(self, name: str) -> list[dict[str, Any]]:
        self._reply({})
        device = self.devices[name]
        return [{"wait_seconds": self._wait(device, ahead)} for ahead in range(len(device.queue))]

    def _wait(self, device: Device, ahead: int) -> float:
        return self.estimate(device, ahead, self.clock.now, self.devices)

    def _reply(self, document: Any, status: int = 200) -> Reply:
        self.clock.now += self.seconds
        return Reply("GET /x", status, self.seconds, json.dumps(document).encode())


def judge(monkeypatch: pytest.MonkeyPatch, estimate: Estimate, seconds: float) -> None:
    clock = Clock()
    monkeypatch.setattr(contract, "time", clock)
    estimates_the_wait(cast(Queue, Laboratory(clock, estimate, seconds)))


@pytest.mark.parametrize("seconds", [0.01, 1.0, SLOW])
@pytest.mark.parametrize("estimate", [right, right_less_the_elapsed_time, right_in_whole_minutes])
def test_a_right_estimate_is_right_on_a_slow_machine(
    monkeypatch: pytest.MonkeyPatch, estimate: Estimate, seconds: float
) -> None:
    judge(monkeypatch, estimate, seconds)


@pytest.mark.parametrize("seconds", [0.01, 1.0, SLOW])
@pytest.mark.parametrize(
    "estimate",
    [
        wrong_constant,
        wrong_of_all_devices,
        wrong_without_the_queue,
        wrong_negative,
        wrong_of_the_first_operations,
        wrong_rising,
    ],
)
def test_time_that_passes_makes_no_wrong_estimate_right(
    monkeypatch: pytest.MonkeyPatch, estimate: Estimate, seconds: float
) -> None:
    with pytest.raises(BrokenPromise):
        judge(monkeypatch, estimate, seconds)
