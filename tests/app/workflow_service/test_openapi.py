from pathlib import Path

import hypothesis
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig

import app.workflow_service

FILE = Path(app.workflow_service.__file__).with_name("openapi.yaml")

described = schemathesis.openapi.from_path(FILE, config=SchemathesisConfig(seed=1))


@described.parametrize()
@hypothesis.settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    # One database for all requests of an operation is meant: they find what earlier ones have left.
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_every_answer_to_valid_and_invalid_requests_is_as_described(
    case: schemathesis.Case, workflow_app: Flask
) -> None:
    case.call_and_validate(app=workflow_app)
