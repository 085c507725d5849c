"""The stand-in bench looks healthy and refuses everything, and leaves the bench as it was."""

from typing import NoReturn

import pytest

from lab.probing.bench import Bench, Health, Service, require_running
from lab.probing.client import request
from lab.probing.stand_in import refusing
from tests.conftest import free_port
from tests.measuring import database_at


def real(name: str) -> Service:
    """A service that must not be asked or ended."""

    def untouched() -> NoReturn:
        raise AssertionError(f"{name} was touched")

    url = f"http://127.0.0.1:{free_port()}"
    return Service(name, url, "role_of_api", {"KEY": "value"}, untouched, untouched, untouched)


def not_launched(*_: object, **__: object) -> Service:
    raise AssertionError("an instance was launched")


@pytest.fixture
def bench() -> Bench:
    services = {"api": (real("api"), real("api-2")), "worker": (real("worker"),)}
    return Bench(services, database_at("postgresql:///lab"), not_launched, {"api": 2**20}, raw={"kept": 1})


def test_every_service_is_healthy_whatever_state_it_is_in(bench: Bench) -> None:
    with refusing(bench) as given:
        require_running(*given.replicas("api"), given.service("worker"))
        reply = request(given.service("worker").url, "/health")
        assert (reply.status, reply.json) == (200, {"status": "healthy"})
        assert given.service("api").health().alive


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_other_request_is_refused_as_json(bench: Bench, method: str) -> None:
    body = None if method == "GET" else {"name": "x" * 10_000}
    with refusing(bench) as given:
        for path in ("/orders", "/health/deep"):
            reply = request(given.service("api").url, path, method=method, body=body)
            assert (reply.status, reply.refused, reply.json) == (404, True, {"error": "not found"})


def test_names_roles_environment_database_and_limits_are_those_of_the_bench(bench: Bench) -> None:
    with refusing(bench) as given:
        assert [one.name for one in given.replicas("api")] == ["api", "api-2"]
        assert given.service("api").role == "role_of_api"
        assert given.service("api").environment == {"KEY": "value"}
        assert (given.database, given.memory_limits) == (bench.database, bench.memory_limits)


def test_a_launched_instance_refuses_too_and_ends_cleanly(bench: Bench) -> None:
    with refusing(bench) as given:
        launched = given.launch("worker", "memory", memory_limit=2**20)
        assert (launched.name, launched.problem) == ("worker-memory", "")
        assert request(launched.url, "/orders").status == 404
        assert launched.stop() == Health(alive=False, exit_code=0)


def test_the_raw_data_of_the_bench_is_not_changed(bench: Bench) -> None:
    with refusing(bench) as given:
        given.raw["of the stand-in"] = 2
        given.launched["memory"] = given.service("api")
    assert bench.raw == {"kept": 1}
    assert bench.launched == {}


def test_it_ends_with_its_block(bench: Bench) -> None:
    with refusing(bench) as given:
        url = given.service("api").url
    assert request(url, "/health").problem == "the connection was refused"
