"""device-service: devices, their bookings and their execution logs."""

from flask import Flask

from app.common import service
from app.device_service import routes


def create_app() -> Flask:
    """Return the service as a WSGI application. Reads DATABASE_URL from the environment."""
    return service.build(__name__, "device-service", routes.blueprint)
