"""device-service: the devices of the lab, who holds them, and what they have run."""

from flask import Flask

from app.common import service
from app.device_service import routes


def create_app() -> Flask:
    """The service as a WSGI application; reads DATABASE_URL."""
    return service.build(__name__, "device-service", routes.blueprint)
