"""The compose file is read as compose reads it, and everything unsupported is named in one report."""

import re
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
        ("$${NAME}", {"NAME": "given"}, "${NAME}"),
        ("a=b=c", {}, "a=b=c"),
        ("http://${HOST:-device-service}:${DEVICE_PORT-5001}", {}, "http://device-service:5001"),
        ("${NAME:-${OTHER:-http://a:1}}", {}, "http://a:1"),
        ("${NAME:-${OTHER:-b}}", {"OTHER": "given"}, "given"),
        ("${NAME:-$OTHER}", {"OTHER": "given"}, "given"),
        ("${NAME:+set}", {"NAME": ""}, ""),
        ("${NAME+set}", {"NAME": ""}, "set"),
        ("${NAME?needed}", {"NAME": "given"}, "given"),
    ],
)
def test_variables_are_replaced_as_compose_does(
    tmp_path: Path, text: str, environ: dict[str, str], value: str
) -> None:
    path = minimal(tmp_path, environment=f'"A={text}"')
    assert compose.read(path, environ).services["device-service"].environment == {"A": value}


@pytest.mark.parametrize(
    "text", ["${NAME", "${NAME!x}", "${}", "$", "$5", "a$ b", "${NAME:?}", "${A:-${B!}}"]
)
def test_a_variable_that_compose_refuses_is_reported(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidFile, match=re.escape(text)):
        compose.read(minimal(tmp_path, environment=f'"A={text}"'), {})


ANCHORS = """
x-database: &database
  DATABASE_URL: postgresql://${DB_USER:-api}:${DB_PASSWORD:-secret}@db:5432/lab
  ECHO: "false"
x-network: &network
  <<: *database
  ECHO: "true"
  WORKERS_URL: http://workers:1
x-service: &service
  image: python
  mem_limit: 256m
  x-note: not a key of compose
  ports: &ports ["127.0.0.1:5001:5001"]
services:
  api:
    <<: *service
    environment:
      <<: [*network, {ECHO: ignored, COLOUR: "no"}]
      WORKERS_URL: "http://workers:$${PORT}"
  workers:
    <<: *service
    mem_limit: 128m
    ports: []
    environment: &own
      - ECHO=$DB_USER
  third:
    environment: *own
"""


def test_merge_keys_and_anchors_mean_what_they_mean_to_compose(tmp_path: Path) -> None:
    services = compose.read(write(tmp_path, ANCHORS), {"DB_USER": "given"}).services
    assert services["api"].environment == {
        "DATABASE_URL": "postgresql://given:secret@db:5432/lab",
        "ECHO": "true",
        "COLOUR": "no",
        "WORKERS_URL": "http://workers:${PORT}",
    }
    assert services["api"].ports == (Port("127.0.0.1", 5001, 5001),)
    assert (services["api"].memory_limit, services["workers"].memory_limit) == (2**28, 2**27)
    assert services["workers"].environment == services["third"].environment == {"ECHO": "given"}


def test_a_map_that_is_merged_before_it_is_read_repeats_no_key(tmp_path: Path) -> None:
    text = """
services:
  a: {environment: &b {<<: &a {A: "1"}, A: "2"}}
x-early: {<<: *b}
"""
    assert compose.read(write(tmp_path, text)).services["a"].environment == {"A": "2"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("5001", "5001"),
        ("12:30", "12:30"),
        ("2025-01-01", "2025-01-01"),
        ("=", "="),
        ("'it''s'", "it's"),
        ('"a: #b"', "a: #b"),
        ("a#b", "a#b"),
        ("1.5", "1.5"),
    ],
)
def test_a_plain_value_is_the_text_that_compose_passes_on(tmp_path: Path, text: str, value: str) -> None:
    path = write(tmp_path, f"services: {{a: {{environment:\n  {{A: {text}}}\n}}}}")
    assert compose.read(path).services["a"].environment == {"A": value}


def test_a_truth_value_is_reported_as_in_compose(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"services\.a\.environment\.A: True is not a string"):
        compose.read(write(tmp_path, "services: {a: {environment: {A: true}}}"))


def test_extension_fields_are_no_mistakes_but_other_unknown_keys_are(tmp_path: Path) -> None:
    text = "x-a: 1\nservices: {a: {x-b: 2, extends: c}}"
    with pytest.raises(InvalidFile) as caught:
        compose.read(write(tmp_path, text))
    assert caught.value.problems == ("services.a.extends: the lab does not know this key",)


@pytest.mark.parametrize(
    "text",
    [
        'services: {a: {environment: {A: "1", "A": "2"}}}',
        "x-a: &a {A: '1'}\nservices: {a: {environment: {<<: *a, <<: *a}}}",
    ],
)
def test_a_repeated_key_is_reported(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidFile, match="is repeated"):
        compose.read(write(tmp_path, text))


def bomb(item: str, merged: str) -> str:
    lines = [f"x-0: &a0 {item}"]
    for level in range(1, 12):
        lines.append(f"x-{level}: &a{level} " + merged.format(", ".join([f"*a{level - 1}"] * 10)))
    return "\n".join([*lines, "services: {a: {environment: *a11}}"])


@pytest.mark.parametrize(("item", "merged"), [("{A: b}", "{{<<: [{}]}}"), ("[A=b]", "[{}]")])
def test_aliases_that_stand_for_too_much_are_refused(tmp_path: Path, item: str, merged: str) -> None:
    with pytest.raises(InvalidFile, match="too much"):
        compose.read(write(tmp_path, bomb(item, merged)))


def test_an_alias_of_what_contains_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="contains itself"):
        compose.read(write(tmp_path, "services: {a: {environment: &a {<<: *a, A: b}}}"))


@pytest.mark.parametrize("quote", ["", "'"])
def test_a_number_of_any_length_is_no_traceback(tmp_path: Path, quote: str) -> None:
    with pytest.raises(InvalidFile):
        compose.read(write(tmp_path, f"services: {{a: {{mem_limit: {quote}{'9' * 5000}{quote}}}}}"))


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
