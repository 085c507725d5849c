"""ticket-service: customers, their tickets, and the comments on each ticket."""

import os

import sqlalchemy as sa
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import orm
from werkzeug.exceptions import HTTPException

from app.ticket_service.routes import SESSIONS, blueprint


def create_app() -> Flask:
    """Return the service as a WSGI application. It reads DATABASE_URL and connects on first use."""
    engine = sa.create_engine(
        os.environ["DATABASE_URL"],
        pool_pre_ping=True,
        connect_args={
            "application_name": "ticket-service",
            "connect_timeout": 5,
            "options": "-c timezone=UTC",
        },
    )
    app = Flask(__name__, static_folder=None)
    app.extensions[SESSIONS] = orm.sessionmaker(engine, expire_on_commit=False)
    app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _error)
    return app


def _error(error: HTTPException) -> ResponseReturnValue:
    return jsonify(error=error.description), error.code or 500
