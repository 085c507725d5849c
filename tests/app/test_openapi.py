"""Whatever a service is sent, valid or not, its answer is one that its OpenAPI file describes."""

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
    """The claim about one service, whose fixture is `<service>_app`: a test of each of its operations."""
    assert package is not None
    file = Path(package).with_name("openapi.yaml")
    schema = schemathesis.openapi.from_path(file, config=SchemathesisConfig.from_path(CONFIG))

    @schema.parametrize()
    @hypothesis.settings(
        max_examples=25,
        derandomize=True,
        deadline=None,
        database=None,
        # One database for all requests of an operation is meant: they find what earlier ones have left.
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    )
    def holds(case: schemathesis.Case, request: pytest.FixtureRequest) -> None:
        case.call_and_validate(app=request.getfixturevalue(f"{service}_app"))

    return holds


test_every_answer_of_device_service_is_as_described = described("device", app.device_service.__file__)
test_every_answer_of_workflow_service_is_as_described = described("workflow", app.workflow_service.__file__)
