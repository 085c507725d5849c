"""The docker runtime gives the right commands and reads their output. These tests need no engine."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import compose
from lab.errors import EnvironmentFault, InvalidFile, TimedOut, UsageError
from lab.runtime import container_logs
from lab.runtime.docker import DockerRuntime, docker_runtime, reason_of
from lab.runtime.project import Project, parse_size
from lab.shell import Finished
from lab.workspace import Workspace
from tests.conftest import PROJECT

COMPOSE_FILE = PROJECT / "compose" / "docker-compose.yml"


Answer = bytes | int | Exception | Callable[[], bytes]


class Recorder:
    """Stands in for `run`: records each command and returns the output set for its longest known prefix."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        known = {"docker version": b"28.0\n", "docker compose version": b"v2\n", **(answers or {})}
        self.answers = dict(sorted(known.items(), key=lambda item: -len(item[0])))
        self.calls: list[str] = []
        self.environments: list[dict[str, str]] = []

    def __call__(self, argv: list[str], **options: Any) -> Finished:
        line = " ".join(map(str, argv))
        self.calls.append(line)
        self.environments.append(dict(options.get("env") or {}))
        answer = next((found for start, found in self.answers.items() if line.startswith(start)), b"")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return Finished(tuple(argv), answer, b"", b"permission denied")
        return Finished(tuple(argv), 0, answer() if callable(answer) else answer, b"")


def inspected(service: str, status: str = "running", code: int = 0, *, oom: bool = False) -> dict[str, Any]:
    return {
        "Id": f"id-of-{service}",
        "Name": f"/lab-x-{service}-1",
        "Config": {"Labels": {"com.docker.compose.service": service}},
        "State": {"Status": status, "ExitCode": code, "OOMKilled": oom, "Error": ""},
        "HostConfig": {
            "Memory": 2**28,
            "PortBindings": {"5001/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5001"}]},
        },
    }


def holding(*documents: dict[str, Any], answers: Mapping[str, Answer] | None = None) -> Recorder:
    """Return a recorder whose engine has these containers."""
    ids = "\n".join(document["Id"] for document in documents)
    look: dict[str, Answer] = {"docker ps": ids.encode(), "docker inspect": json.dumps(documents).encode()}
    return Recorder({**look, **(answers or {})})


def project(runner: Recorder, root: Path = Path("/a/workspace")) -> Project:
    return Project(root, COMPOSE_FILE, {}, runner)


def runtime(runner: Recorder, offset: int = 0, environ: dict[str, str] | None = None) -> DockerRuntime:
    file = compose.read(COMPOSE_FILE, {})
    return docker_runtime(Workspace(PROJECT), file, offset, environ or {}, runner)


def test_each_workspace_has_its_own_project() -> None:
    one, other = (project(Recorder(), Path(root)).name for root in ("/a/workspace", "/b/workspace"))

    assert one != other
    assert one == project(Recorder()).name
    assert one.removeprefix("lab-").isalnum()


def test_compose_2_is_preferred() -> None:
    assert project(Recorder()).tool() == ("docker", "compose")


@pytest.mark.parametrize("answer", [1, EnvironmentFault("docker cannot be run.")])
def test_compose_1_is_used_without_compose_2(answer: Any) -> None:
    assert project(Recorder({"docker compose version": answer})).tool() == ("docker-compose",)


def test_a_missing_compose_is_reported() -> None:
    runner = Recorder({"docker compose version": 1, "docker-compose version": 1})

    with pytest.raises(EnvironmentFault, match="compose plugin"):
        project(runner).tool()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (EnvironmentFault("docker cannot be run: No such file or directory."), "There is no Docker here"),
        (1, "No Docker Engine answers: permission denied"),
        (TimedOut("docker did not finish within 20 s."), "within 20 s"),
    ],
)
def test_the_error_without_an_engine_gives_reason_and_remedy(answer: Any, message: str) -> None:
    with pytest.raises(EnvironmentFault, match=message) as caught:
        project(Recorder({"docker version": answer})).require_engine()

    assert "lab up --embedded" in caught.value.remedy


def test_a_container_is_read_from_docker_inspect() -> None:
    (container,) = project(holding(inspected("device-service"))).containers()

    assert (container.service, container.name) == ("device-service", "lab-x-device-service-1")
    assert (container.running, container.memory_limit, container.ports) == (True, 2**28, (5001,))


@pytest.mark.parametrize(("code", "expected"), [(137, True), (1, False)])
def test_the_oom_flag_counts_only_with_its_exit_code(code: int, expected: bool) -> None:
    runner = holding(inspected("device-service", "exited", code, oom=True))

    assert project(runner).containers()[0].out_of_memory is expected


def test_a_container_removed_since_the_listing_is_left_out() -> None:
    assert project(Recorder({"docker ps": b"gone", "docker inspect": 1})).containers() == ()


def test_an_engine_that_ended_is_an_error_and_not_an_empty_list() -> None:
    runner = Recorder({"docker ps": b"one", "docker inspect": 1, "docker version": 1})

    with pytest.raises(EnvironmentFault, match="No Docker Engine answers"):
        project(runner).containers()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("44.5MiB", 46661632), ("1.5GiB", 1610612736), ("512B", 512), ("3kB", 3000), ("--", None)],
)
def test_sizes_of_docker_stats_are_parsed(text: str, expected: int | None) -> None:
    assert parse_size(text) == expected


def test_status_has_memory_and_how_a_service_ended() -> None:
    runner = holding(
        inspected("device-service"),
        inspected("workflow-service", "exited", 137, oom=True),
        answers={"docker stats": b"id-of-device-service 44.5MiB / 256MiB\n"},
    )

    device, workflow = replace(runtime(runner), is_healthy=lambda port: port == 5001).status()

    assert (device.state, device.memory, device.memory_limit) == ("healthy", 46661632, 2**28)
    assert (workflow.state, workflow.exit_code, workflow.out_of_memory) == ("exited", 137, True)


def test_a_service_without_a_container_is_stopped() -> None:
    assert [service.state for service in runtime(Recorder()).status()] == ["stopped", "stopped"]


def test_an_offset_sets_the_port_variables_of_the_file() -> None:
    moved = runtime(Recorder(), offset=400)

    assert moved.ports == {"db": 5842, "device-service": 5401, "workflow-service": 5403}
    assert moved.project.variables == {
        "LAB_DB_PORT": "5842",
        "LAB_DEVICE_PORT": "5401",
        "LAB_WORKFLOW_PORT": "5403",
    }


def test_compose_gets_the_ports_in_its_environment() -> None:
    runner = Recorder()

    runtime(runner, offset=400).project.compose("up")

    assert runner.environments[-1]["LAB_DB_PORT"] == "5842"


def test_a_port_without_a_variable_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text(COMPOSE_FILE.read_text().replace("${LAB_DEVICE_PORT:-5001}", "5001"))

    with pytest.raises(InvalidFile, match=r"device-service\.ports: 5001 is fixed"):
        docker_runtime(Workspace(PROJECT), compose.read(file, {}), 400, {}, Recorder())


def test_lab_database_url_is_refused() -> None:
    with pytest.raises(UsageError, match="LAB_DATABASE_URL"):
        runtime(Recorder(), environ={"LAB_DATABASE_URL": "postgresql://lab:lab@127.0.0.1/lab"})


def test_without_a_container_the_database_is_not_running() -> None:
    assert not runtime(Recorder()).database_running()


def test_only_containers_of_the_project_are_stopped_and_removed() -> None:
    runner = holding(inspected("db"), inspected("device-service"), inspected("migrate", "exited"))

    assert project(runner).stop_all() == (("device-service",), True)

    ours = f"--filter label=com.docker.compose.project={project(runner).name}"
    listings = [call for call in runner.calls if call.startswith(("docker ps", "docker network ls"))]
    assert all(call.endswith(ours) for call in listings)
    assert [call for call in runner.calls if call.startswith("docker stop")] == [
        "docker stop -t 10 id-of-device-service",
        "docker stop -t 30 id-of-db",
    ]
    assert not any("volume" in call for call in runner.calls if not call.startswith("docker rm"))


@pytest.mark.parametrize("old", [b"", b"a-volume"])
def test_a_failed_first_start_leaves_no_volume(old: bytes) -> None:
    names = iter([old, b"a-volume"])
    runner = Recorder({"docker volume ls": lambda: next(names), "docker compose --project": 1})

    with pytest.raises(EnvironmentFault, match="compose up failed: permission denied"):
        runtime(runner).start_database()

    assert ("docker volume rm a-volume" in runner.calls) is (old == b"")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "ERROR: Service 'device-service' failed to build : Build failed\n",
            "ERROR: Service 'device-service' failed to build : Build failed",
        ),
        (
            'failed to solve: process "false" did not complete: exit code: 1\n\nView build details: ui://x\n',
            'failed to solve: process "false" did not complete: exit code: 1',
        ),
        (
            "ERROR: for db  Cannot start it: taken\nEncountered errors while bringing up the project.\n",
            "ERROR: for db  Cannot start it: taken",
        ),
        ("", "it wrote no message"),
    ],
)
def test_the_line_with_the_reason_is_chosen(output: str, reason: str) -> None:
    assert reason_of(output) == reason


def test_lines_of_a_log_come_in_the_order_of_writing() -> None:
    runner = holding(
        inspected("db"), answers={"docker logs": b"2026-01-01T00:00:02Z two\n2026-01-01T00:00:01Z one\n"}
    )

    assert list(container_logs.read(project(runner), ["db"], 10, False)) == [("db", "one"), ("db", "two")]


def test_lines_of_several_logs_come_in_the_order_of_time() -> None:
    logs = iter([b"2026-01-01T00:00:01Z a\n2026-01-01T00:00:03Z c\n", b"2026-01-01T00:00:02Z b\n"])
    runner = holding(inspected("db"), inspected("api"), answers={"docker logs": lambda: next(logs)})

    lines = list(container_logs.read(project(runner), ["db", "api"], 10, False))

    assert lines == [("db", "a"), ("api", "b"), ("db", "c")]


def test_a_followed_log_yields_each_line_once() -> None:
    first = b"2026-01-01T00:00:01Z one\n"
    looks: Iterator[bytes] = iter([first, first, first + b"2026-01-01T00:00:02Z two\n"])
    runner = holding(inspected("db"), answers={"docker logs": lambda: next(looks)})

    following = container_logs.read(project(runner), ["db"], 10, True, poll=0)

    assert [next(following), next(following)] == [("db", "one"), ("db", "two")]


def test_following_with_no_last_lines_yields_only_new_ones() -> None:
    first = b"2026-01-01T00:00:01Z one\n"
    looks: Iterator[bytes] = iter([first, first + b"2026-01-01T00:00:02Z two\n"])
    runner = holding(inspected("db"), answers={"docker logs": lambda: next(looks)})

    assert next(container_logs.read(project(runner), ["db"], 0, True, poll=0)) == ("db", "two")
