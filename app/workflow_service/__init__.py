"""workflow-service: workflows, their steps and samples. It books devices through device-service."""

import os

from flask import Flask

from app.common import service
from app.workflow_service import device_client, routes


def create_app() -> Flask:
    """Return the service as a WSGI application.

    Reads DATABASE_URL and DEVICE_SERVICE_URL from the environment.
    """
    app = service.build(__name__, "workflow-service", routes.blueprint)
    app.extensions[device_client.EXTENSION] = device_client.DeviceClient(os.environ["DEVICE_SERVICE_URL"])
    return app
