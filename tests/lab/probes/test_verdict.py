"""The verdict takes into account failed services, the database, the compose file and the migrations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.errors import EnvironmentFault
from lab.probes.endpoints import WORKFLOW_SERVICE, Endpoints, Health, Service, ServiceFailed
from lab.probes.evidence import Evidence, Verdict
from lab.probes.verdict import measure
from tests.conftest import Database, free_port

Result = Callable[[], Evidence]


def endpoints(database: str) -> Endpoints:
    health = Health(alive=False)
    service = Service(WORKFLOW_SERVICE, "", "workflow_service", {}, lambda: health, lambda: health)
    return Endpoints((), service, database, lambda *_, **__: service, memory_limit=0)


def evidence(database: str, result: Result, bug: int = 4, **problems: str) -> Evidence:
    """The final evidence of a bug whose probe returns or raises this result."""
    probes = {bug: lambda endpoints: result()}
    (measured,) = measure(endpoints(database), [bug], probes=probes, **problems)  # type: ignore[arg-type]
    return measured.evidence


def found(verdict: Verdict, why: str = "Seen.", bug: int = 4) -> Result:
    return lambda: Evidence(bug, verdict, why)


def failing(error: Exception) -> Result:
    def fail() -> Evidence:
        raise error

    return fail


def test_a_failed_service_is_a_symptom(database: Database) -> None:
    one = evidence(database.url, failing(ServiceFailed("device-service ended")))
    assert (one.verdict, one.why) == (Verdict.PRESENT, "device-service ended.")


def test_a_service_that_another_bug_prevents_is_blocked_by_it(database: Database) -> None:
    one = evidence(database.url, failing(ServiceFailed("workflow-service ended", blocked_by=1)))
    assert (one.verdict, one.blocked_by) == (Verdict.BLOCKED, 1)


def test_a_failure_of_the_environment_is_no_symptom(database: Database) -> None:
    one = evidence(database.url, failing(EnvironmentFault("The disk\nis full.")))
    assert (one.verdict, one.why) == (
        Verdict.UNMEASURED,
        "The measurement could not be made: The disk is full.",
    )


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(Verdict.PRESENT, Verdict.UNMEASURED), (Verdict.FIXED, Verdict.FIXED)],
)
def test_a_symptom_without_a_database_is_unmeasured(verdict: Verdict, expected: Verdict) -> None:
    url = f"postgresql+psycopg2://lab:lab@127.0.0.1:{free_port()}/lab"
    assert evidence(url, found(verdict)).verdict is expected


def test_bug_1_is_present_while_the_compose_file_cannot_be_used(database: Database) -> None:
    one = evidence(database.url, found(Verdict.FIXED, bug=1), 1, compose_problem="it has a mistake")
    assert (one.verdict, one.why) == (Verdict.PRESENT, "it has a mistake.")
    other = evidence(database.url, found(Verdict.FIXED), compose_problem="it has a mistake")
    assert (other.verdict, other.why) == (Verdict.FIXED, "Seen.")


def test_a_failed_migration_is_added_to_a_symptom_only(database: Database) -> None:
    one = evidence(database.url, found(Verdict.MASKED), migration_problem="the migrations failed")
    assert (one.verdict, one.why) == (Verdict.MASKED, "Seen. Before that, the migrations failed.")
    other = evidence(database.url, found(Verdict.FIXED), migration_problem="the migrations failed")
    assert other.why == "Seen."


def test_random_ids_are_left_out(database: Database) -> None:
    why = "Device probe-0123456789ab has 6fa459ea-ee8a-3ca4-894e-db77e160355e."
    assert evidence(database.url, found(Verdict.FIXED, why)).why == "Device {id} has {id}."


def test_bugs_are_measured_in_the_order_of_the_probes(database: Database) -> None:
    started: list[int] = []
    probes = {bug: lambda endpoints: Evidence(0, Verdict.FIXED, "") for bug in (4, 1, 3)}
    assert len(list(measure(endpoints(database.url), [1, 3, 4], started.append, probes=probes))) == 3
    assert started == [4, 1, 3]
