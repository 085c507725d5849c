"""workflow-service: workflows, their steps and samples; it books devices through device-service."""

import os

from flask import Flask

from app.common import service
from app.workflow_service import device_client, routes


def create_app() -> Flask:
    """The service as a WSGI application; reads DATABASE_URL and DEVICE_SERVICE_URL."""
    app = service.build(__name__, "workflow-service", routes.blueprint)
    app.extensions[device_client.EXTENSION] = device_client.DeviceClient(os.environ["DEVICE_SERVICE_URL"])
    return app
