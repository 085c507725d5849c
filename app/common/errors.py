"""Errors that a client sees, all of the form {"error": "…"}.

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
"""SQLSTATE prefixes of a server that is going, gone, starting or full."""


class ApiError(Exception):
    """An answer other than success, with a sentence for the client."""

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
    """Make `app` answer every error as JSON."""
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
    # The headers stay: a 405 must carry Allow.
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
    """Whether the database could not be talked to, rather than having refused a statement."""
    if isinstance(error, exc.TimeoutError):
        return True
    if not isinstance(error, exc.OperationalError | exc.InterfaceError):
        return False
    state = getattr(error.orig, "pgcode", None)
    return state is None or state.startswith(_UNREACHABLE)


def log_unreachable(error: exc.SQLAlchemyError) -> None:
    # One line is enough: a stopped database makes every request fail the same way.
    cause = getattr(error, "orig", None) or error
    reason = str(cause).strip().partition("\n")[0] or type(cause).__name__  # libpq may give none
    current_app.logger.warning("the database is out of reach: %s", reason)
