"""The verdict takes into account failed services, the database, the compose file and the migrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault
from lab.probing.bench import Bench, Health, Service, ServiceFailed
from lab.probing.evidence import Evidence, Verdict
from lab.probing.loading import load_probe
from lab.probing.verdict import Bug, measure
from tests.conftest import Server, free_port
from tests.measuring import database_at

Result = Callable[[], Evidence]


@pytest.fixture
def database(server: Server) -> str:
    """The URL of a database that answers; nothing is written to it."""
    return server.url("postgres")


def bench(database: str) -> Bench:
    health = Health(alive=False)
    service = Service("api", "", "api", {}, lambda: health, lambda: health)
    return Bench({"api": (service,)}, database_at(database), lambda *_, **__: service)


def evidence(database: str, result: Result, *, in_compose_file: bool = False, **problems: str) -> Evidence:
    """The final evidence of bug 4, whose probe returns or raises this result."""
    bug = Bug(4, lambda bench: result(), in_compose_file)
    (measured,) = measure(bench(database), [bug], numbers={"start": 1, "mine": 4}, **problems)  # type: ignore[arg-type]
    return measured.evidence


def found(verdict: Verdict, why: str = "Seen.") -> Result:
    return lambda: Evidence(verdict, why)


def failing(error: Exception) -> Result:
    def fail() -> Evidence:
        raise error

    return fail


def test_a_failed_service_is_a_symptom(database: str) -> None:
    one = evidence(database, failing(ServiceFailed("device-service ended")))
    assert (one.verdict, one.why) == (Verdict.PRESENT, "device-service ended.")


def test_a_service_that_another_bug_prevents_is_blocked_by_it(database: str) -> None:
    one = evidence(database, failing(ServiceFailed("workflow-service ended", blocked_by="start")))
    assert (one.verdict, one.blocked_by) == (Verdict.BLOCKED, 1)


def test_a_wait_that_ended_is_no_symptom(database: str) -> None:
    one = evidence(database, failing(TimeoutError()))
    assert (one.verdict, one.why) == (
        Verdict.UNMEASURED,
        "The measurement could not be made: TimeoutError.",
    )


def test_a_mistake_in_a_probe_is_told_with_its_line(database: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("import json\n\n\ndef probe(bench):\n    json.loads('no')\n")
    bug = Bug(4, load_probe(tmp_path, "wrong"))
    (measured,) = measure(bench(database), [bug], numbers={})
    assert measured.evidence.verdict is Verdict.UNMEASURED
    assert measured.evidence.why.startswith("The probe failed: JSONDecodeError: ")
    assert measured.evidence.why.endswith(f"({tmp_path / 'wrong.py'}, line 5).")


def test_a_failure_of_the_environment_is_no_symptom(database: str) -> None:
    one = evidence(database, failing(EnvironmentFault("The disk\nis full.")))
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


def test_a_bug_in_the_compose_file_is_present_while_that_cannot_be_used(database: str) -> None:
    one = evidence(database, found(Verdict.FIXED), in_compose_file=True, compose_problem="it has a mistake")
    assert (one.verdict, one.why) == (Verdict.PRESENT, "it has a mistake.")
    other = evidence(database, found(Verdict.FIXED), compose_problem="it has a mistake")
    assert (other.verdict, other.why) == (Verdict.FIXED, "Seen.")


def test_a_failed_migration_is_mentioned_with_a_symptom_and_its_reason_left_to_the_note(
    database: str,
) -> None:
    problem = "the migrations failed: division by zero"
    one = evidence(database, found(Verdict.MASKED), migration_problem=problem)
    assert (one.verdict, one.why) == (Verdict.MASKED, "Seen. Before that, the migrations failed.")
    other = evidence(database, found(Verdict.FIXED), migration_problem=problem)
    assert other.why == "Seen."


@pytest.mark.parametrize(
    "result",
    [
        found(Verdict.MASKED, "POST /x answered 400: It is full.."),
        found(Verdict.MASKED, "POST /x answered 400: It is full"),
        failing(ServiceFailed("POST /x answered 400: It is full.")),
    ],
)
def test_what_was_seen_ends_with_one_period(database: str, result: Result) -> None:
    assert evidence(database, result).why == "POST /x answered 400: It is full."


def test_a_compose_file_whose_mistake_is_a_sentence_has_one_period(database: str) -> None:
    problem = "docker-compose.yml cannot be used: it says 'No.'"
    one = evidence(database, found(Verdict.FIXED), in_compose_file=True, compose_problem=problem)
    assert one.why == problem


def test_random_ids_are_left_out(database: str) -> None:
    why = "Device device-0123456789 has 6fa459ea-ee8a-3ca4-894e-db77e160355e."
    assert evidence(database, found(Verdict.FIXED, why)).why == "Device {id} has {id}."


def test_bugs_are_measured_in_their_order(database: str) -> None:
    started: list[int] = []
    bugs = [Bug(number, lambda bench: Evidence(Verdict.FIXED, "")) for number in (4, 1, 3)]
    measured = list(measure(bench(database), bugs, started.append, numbers={}))
    assert [one.evidence.bug for one in measured] == [4, 1, 3]
    assert started == [4, 1, 3]
