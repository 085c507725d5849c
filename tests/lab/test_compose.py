"""The compose file is read as compose reads it, and everything unsupported is named in one report."""

from pathlib import Path

import pytest

from lab import compose
from lab.compose import Port
from lab.errors import InvalidFile, UsageError
from tests.conftest import PROJECT

MINIMAL = """
services:
  device-service:
    command: ["python", "-m", "app.device_service"]
    environment: [{environment}]
    ports: ["127.0.0.1:${{PORT:-5001}}:5001"]
    mem_limit: {limit}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "docker-compose.yml"
    path.write_text(text)
    return path


def minimal(folder: Path, environment: str = '"A=1"', limit: str = "256m") -> Path:
    return write(folder, MINIMAL.format(environment=environment, limit=limit))


def test_the_shipped_file_is_supported() -> None:
    services = compose.read(PROJECT / "compose" / "docker-compose.yml", {}).services
    assert list(services) == ["db", "migrate", "device-service", "workflow-service"]
    assert services["device-service"].ports == (Port("127.0.0.1", 5001, 5001),)
    assert services["workflow-service"].memory_limit == 256 * 2**20
    assert "DEVICE_SERVICE_URL" not in services["workflow-service"].environment


def test_the_shipped_file_publishes_ports_on_loopback_only() -> None:
    services = compose.read(PROJECT / "compose" / "docker-compose.yml", {}).services
    assert {port.address for spec in services.values() for port in spec.ports} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("text", "environ", "value"),
    [
        ("${NAME:-default}", {}, "default"),
        ("${NAME:-default}", {"NAME": ""}, "default"),
        ("${NAME:-default}", {"NAME": "given"}, "given"),
        ("${NAME-default}", {"NAME": ""}, ""),
        ("${NAME}", {}, ""),
        ("$NAME", {"NAME": "given"}, "given"),
        ("$$NAME", {"NAME": "given"}, "$NAME"),
        ("a=b=c", {}, "a=b=c"),
    ],
)
def test_variables_are_replaced_as_compose_does(
    tmp_path: Path, text: str, environ: dict[str, str], value: str
) -> None:
    path = minimal(tmp_path, environment=f'"A={text}"')
    assert compose.read(path, environ).services["device-service"].environment == {"A": value}


def test_environment_may_be_a_map(tmp_path: Path) -> None:
    text = "services: {a: {environment: {B: x, C: 5, D: null}}}"
    assert compose.read(write(tmp_path, text), {"D": "host"}).services["a"].environment == {
        "B": "x",
        "C": "5",
        "D": "host",
    }


@pytest.mark.parametrize(
    ("limit", "size"), [("256m", 2**28), ("1g", 2**30), ("512MB", 2**29), ("1024", 1024)]
)
def test_sizes_are_in_bytes(tmp_path: Path, limit: str, size: int) -> None:
    assert compose.read(minimal(tmp_path, limit=limit)).services["device-service"].memory_limit == size


def test_all_mistakes_are_in_one_report(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
networks: {}
services:
  a:
    contianer_name: x
    ports: ["99999:1", "5001"]
    mem_limit: lots
    command: python -m app
    environment: ["B=${C?needed}", {}]
    depends_on: [ghost]
  b: []
""",
    )
    with pytest.raises(InvalidFile) as caught:
        compose.read(path, {})
    report = str(caught.value)
    for part in (
        "networks",
        "services.a.contianer_name",
        "99999:1",
        "'5001'",
        "'lots'",
        "services.a.command",
        "C?needed",
        "services.a.environment: {}",
        "no service ghost",
        "services.b: a map",
    ):
        assert part in report


@pytest.mark.parametrize(
    "text", ["", "services:", "services: [", "[]", "services: {a: {ports: 1}}", "\x00", "a: &a [*a]"]
)
def test_a_damaged_file_is_named_in_the_error(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidFile, match=str(path)):
        compose.read(path)


def test_two_services_with_the_same_published_port_are_reported(tmp_path: Path) -> None:
    text = 'services: {a: {ports: ["127.0.0.1:1:1"]}, b: {ports: ["127.0.0.1:1:2"]}}'
    with pytest.raises(InvalidFile, match=r"services\.b\.ports: a already publishes 1"):
        compose.read(write(tmp_path, text))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        compose.read(tmp_path / "docker-compose.yml")


def test_the_error_about_an_unknown_service_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The services are device-service"):
        compose.read(minimal(tmp_path)).service("ghost")
