"""Both services in this process, each with its database role."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app.device_service
import app.workflow_service
from tests.app.neighbour import Neighbour
from tests.conftest import Database, free_port


@contextmanager
def closing(application: Flask) -> Iterator[Flask]:
    try:
        yield application
    finally:
        application.extensions["lab.sessions"].kw["bind"].dispose()


@pytest.fixture
def device_app(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("DATABASE_URL", database.url_for("device_service"))
    with closing(app.device_service.create_app()) as application:
        yield application


@pytest.fixture
def devices(device_app: Flask) -> FlaskClient:
    return device_app.test_client()


@pytest.fixture
def devices_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """device-service without a database, for what it answers before it asks one."""
    url = f"postgresql+psycopg2://user:password@127.0.0.1:{free_port()}/nowhere"
    monkeypatch.setenv("DATABASE_URL", url)
    with closing(app.device_service.create_app()) as application:
        yield application.test_client()


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    with Neighbour() as running:
        yield running


@pytest.fixture
def workflow_app(
    database: Database, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    monkeypatch.setenv("DATABASE_URL", database.url_for("workflow_service"))
    monkeypatch.setenv("DEVICE_SERVICE_URL", neighbour.url)
    with closing(app.workflow_service.create_app()) as application:
        yield application


@pytest.fixture
def workflows(workflow_app: Flask) -> FlaskClient:
    return workflow_app.test_client()
