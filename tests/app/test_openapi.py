"""Every answer of a service, to valid and invalid requests, matches its OpenAPI file."""

from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

import app.device_service
import app.workflow_service
from tests.conftest import PROJECT

CONFIG = PROJECT / "schemathesis.toml"


def described(service: str, package: str | None) -> Callable[..., None]:
    """Return a test of each operation of one service. The service's fixture is `<service>_app`."""
    assert package is not None
    file = Path(package).with_name("openapi.yaml")
    schema = schemathesis.openapi.from_path(file, config=SchemathesisConfig.from_path(CONFIG))

    @schema.parametrize()
    @hypothesis.settings(
        max_examples=25,
        derandomize=True,
        deadline=None,
        database=None,
        # The requests of an operation share one database on purpose: each meets the data of earlier ones.
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    )
    def holds(case: schemathesis.Case, request: pytest.FixtureRequest) -> None:
        case.call_and_validate(app=request.getfixturevalue(f"{service}_app"))

    return holds


test_every_answer_of_device_service_is_as_described = described("device", app.device_service.__file__)
test_every_answer_of_workflow_service_is_as_described = described("workflow", app.workflow_service.__file__)
