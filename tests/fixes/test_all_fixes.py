"""All seven fixes together stand up to a fuzzer, and their models declare what their migrations make."""

import sys

import pytest

from lab.shell import run
from tests.conftest import PROJECT
from tests.fixes.conftest import Lab


@pytest.fixture
def fixed(lab: Lab) -> Lab:
    lab.patch(1, 2, 3, 4, 5, 6, 7)
    upgraded = lab.alembic("-n", "fixes", "upgrade", "heads")
    assert upgraded.code == 0, upgraded.stderr.decode()
    return lab


def test_the_models_declare_what_the_migrations_make(fixed: Lab) -> None:
    checked = fixed.alembic("check")
    assert checked.code == 0, checked.stdout.decode() + checked.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("service", ["device_service", "workflow_service"])
def test_every_answer_to_a_fuzzer_is_as_described(fixed: Lab, service: str) -> None:
    devices = fixed.start("device_service")
    workflows = fixed.start("workflow_service", DEVICE_SERVICE_URL=devices.url)
    target = devices if service == "device_service" else workflows
    described = str(fixed.root / "app" / service / "openapi.yaml")
    config = PROJECT / "schemathesis.toml"
    fuzzer = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", described]
    options = [
        "--max-examples",
        "25",
        "--seed",
        "1",
        "--generation-deterministic",
        "--no-color",
        "--request-timeout",
        "60",
    ]
    ran = run([*fuzzer, "--url", target.url, *options], cwd=fixed.root, timeout=240)
    assert ran.code == 0, ran.stdout.decode()[-8000:] + ran.stderr.decode()
