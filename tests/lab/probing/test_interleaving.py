"""What is seen of concurrent requests at a gate: reads, writes, waits and responses, in order of time."""

from functools import partial

import pytest

from lab.probing import gate
from lab.probing.client import Reply
from lab.probing.gate import HEARTBEATS, write_gate
from lab.probing.interleaving import Event, Interleaving, What
from lab.probing.read_gate import read_gate
from tests.conftest import Database
from tests.lab.probing.test_gate import Client, as_request, locked, service_url, tried_after_reading, unlocked

__all__ = ["service_url"]


@pytest.fixture
def only_locks_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is never taken to wait in its service, however slow the machine is."""
    monkeypatch.setattr(gate, "HEARTBEATS", 10**9)


def held(database: Database, url: str, client: Client) -> Interleaving:
    with write_gate(database.url, []) as made:
        outcome = made.pass_through([partial(as_request, client, url)] * 2)
    assert made.outcomes == [outcome]
    return outcome.interleaving


def seen(found: Interleaving) -> list[tuple[int, What]]:
    return [(event.request, event.what) for event in found.events]


def one(found: Interleaving, what: What, request: int) -> Event:
    return next(event for event in found.events if (event.what, event.request) == (what, request))


def test_two_that_have_both_read_before_one_writes_are_seen_so(database: Database, service_url: str) -> None:
    found = held(database, service_url, unlocked)

    assert found.requests == ("POST /x", "POST /x")
    assert seen(found)[:6] == [
        (1, What.SENT),
        (1, What.BEFORE_WRITE),
        (2, What.SENT),
        (2, What.BEFORE_WRITE),
        (1, What.RELEASED),
        (2, What.RELEASED),
    ]
    for request in (1, 2):
        event = one(found, What.BEFORE_WRITE, request)
        assert (event.read, event.locked, event.written) == (("devices",), (), ())
        assert event.statement == "UPDATE devices"
        assert one(found, What.ANSWERED, request).status == 200
    (waits,) = [event for event in found.events if event.what is What.WAITS]
    assert waits.waits_for == 3 - waits.request
    assert [event.seconds for event in found.events] == sorted(event.seconds for event in found.events)


def test_one_that_waits_for_a_row_lock_is_seen_to_wait_for_its_holder(
    database: Database, service_url: str
) -> None:
    found = held(database, service_url, locked)

    assert one(found, What.BEFORE_WRITE, 1).locked == ("devices",)
    waits = one(found, What.WAITS, 2)
    assert (waits.waits_for, waits.statement) == (1, "SELECT … FOR UPDATE")
    commit = one(found, What.AT_COMMIT, 1)
    assert (commit.statement, commit.written) == ("COMMIT", ("bookings",))
    assert [one(found, What.ANSWERED, n).status for n in (1, 2)] == [200, 409]
    assert (2, What.BEFORE_WRITE) not in seen(found)


@pytest.mark.slow
def test_a_reader_is_seen_to_be_held_in_its_read(
    database: Database, service_url: str, only_locks_and_answers: None
) -> None:
    with read_gate(database.url, []) as made:
        outcome = made.pass_through([partial(as_request, tried_after_reading, service_url)] * 2)
    assert seen(outcome.interleaving) == [
        (1, What.SENT),
        (1, What.IN_READ),
        (2, What.SENT),
        (2, What.ANSWERED),
        (1, What.RELEASED),
        (1, What.ANSWERED),
    ]


@pytest.mark.slow
def test_one_that_waits_for_no_lock_is_seen_to_wait_in_its_service(
    database: Database,
    service_url: str,
    only_locks_and_answers: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def second(started: list[bool]) -> Reply:
        if not started:
            started.append(True)
            return as_request(unlocked, service_url)
        monkeypatch.setattr(gate, "HEARTBEATS", HEARTBEATS)
        while len(started) < 2:
            pass
        return Reply("POST /x", 409, 0.0)

    started: list[bool] = []
    with write_gate(database.url, []) as made:
        outcome = made.pass_through([partial(second, started)] * 2, between=lambda: started.append(True))
    assert (2, What.WAITS_IN_SERVICE) in seen(outcome.interleaving)
