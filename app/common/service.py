"""What every service has: /health, /openapi.yaml, JSON errors and one log line per request."""

import time
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exc

from app.common import database, errors, params

_PRINTABLE = "/:@!$&'()*+,;=-._~"


def build(import_name: str, service: str, routes: Blueprint) -> Flask:
    """Return a Flask application named `service` with `routes` and the parts that all services share."""
    app = Flask(import_name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = params.MAX_BODY
    app.config["SERVICE"] = service
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # Answer a path with a double slash with 404. Flask would redirect it.
    app.url_map.merge_slashes = False
    database.connect(app, service)
    errors.install(app)
    app.register_blueprint(routes)
    app.add_url_rule("/health", view_func=health)
    app.add_url_rule("/openapi.yaml", view_func=openapi)
    app.before_request(_start_clock)
    app.after_request(_log_request)
    return app


def health() -> ResponseReturnValue:
    service = current_app.config["SERVICE"]
    try:
        with database.transaction() as session:
            session.execute(sa.select(1))
    except exc.SQLAlchemyError as error:
        errors.log_unreachable(error)
        return jsonify(status="unhealthy", service=service, error="The database is out of reach."), 503
    return jsonify(status="healthy", service=service)


def openapi() -> ResponseReturnValue:
    description = Path(current_app.root_path) / "openapi.yaml"
    return Response(description.read_bytes(), mimetype="application/yaml")


def _start_clock() -> None:
    g.started = time.perf_counter()


def _log_request(response: Response) -> Response:
    if request.path == "/health" and response.status_code == 200:
        return response  # health checks come every few seconds; log only those that fail
    # Quote the path, so that a request cannot add lines to the log.
    path = quote(request.path, safe=_PRINTABLE)
    if request.query_string:
        path += "?" + quote(request.query_string, safe=_PRINTABLE + "%?")
    took = (time.perf_counter() - g.started) * 1000
    current_app.logger.info("%s %s %s %.0f ms", request.method, path, response.status_code, took)
    return response
