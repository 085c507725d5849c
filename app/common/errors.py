"""Errors as HTTP answers. Every error body has the form {"error": "…"}.

ApiError            any status
├── BadRequest      400
├── Forbidden       403
├── NotFound        404
└── Conflict        409
"""

from flask import Flask, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as WrongPath

_UNREACHABLE = ("08", "53", "57P")
"""SQLSTATE prefixes that mean: the connection is lost, or the server is shutting down, starting or full."""


class ApiError(Exception):
    """An answer with an error status. `message` is one sentence for the client."""

    status = 500

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if status is not None:
            self.status = status


class BadRequest(ApiError):
    status = 400


class Forbidden(ApiError):
    status = 403


class NotFound(ApiError):
    status = 404


class Conflict(ApiError):
    status = 409


def install(app: Flask) -> None:
    """Register handlers on `app`, so that it answers every error as JSON."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(exc.SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _unexpected)


def _api_error(error: ApiError) -> ResponseReturnValue:
    return jsonify(error=error.message), error.status


def _http_error(error: HTTPException) -> ResponseReturnValue:
    answer = error.get_response()
    message = error.description or error.name
    if isinstance(error, WrongPath):
        message = f"There is nothing at {request.path}."
    # Keep the headers: a 405 must have Allow.
    answer.data = jsonify(error=message).data
    answer.content_type = "application/json"
    return answer


def _database_error(error: exc.SQLAlchemyError) -> ResponseReturnValue:
    if not out_of_reach(error):
        return _unexpected(error)
    log_unreachable(error)
    return jsonify(error="The database is out of reach."), 503


def _unexpected(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("unexpected error", exc_info=error)
    return jsonify(error="Internal server error."), 500


def out_of_reach(error: exc.SQLAlchemyError) -> bool:
    """Return whether the database could not be reached, as opposed to having rejected a statement."""
    if isinstance(error, exc.TimeoutError):
        return True
    if not isinstance(error, exc.OperationalError | exc.InterfaceError):
        return False
    state = getattr(error.orig, "pgcode", None)
    return state is None or state.startswith(_UNREACHABLE)


def log_unreachable(error: exc.SQLAlchemyError) -> None:
    """Log one line without a traceback: when the database is down, every request fails the same way."""
    cause = getattr(error, "orig", None) or error
    reason = str(cause).strip().partition("\n")[0] or type(cause).__name__  # libpq's message may be empty
    current_app.logger.warning("the database is out of reach: %s", reason)
