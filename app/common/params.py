"""Validation of request bodies, paths and query strings. A mistake raises an ApiError with a 4xx status."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, NoReturn

from flask import request

from app.common import errors, timestamps

MAX_BODY = 64 * 1024


def json_object() -> dict[str, Any]:
    """Return the request's body, which must be a JSON object.

    Raises:
        ApiError: the content type is not JSON (415).
        BadRequest: the body is not valid JSON, or not an object.
    """
    if not request.is_json:
        raise errors.ApiError("The body must be JSON, with content type application/json.", 415)
    try:
        body = json.loads(request.get_data(), parse_constant=_no_such_number)
    except (ValueError, RecursionError):
        raise errors.BadRequest("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise errors.BadRequest("The body must be a JSON object.")
    return body


def text(body: dict[str, Any], name: str, max_length: int) -> str:
    """Return `body[name]`, a string of 1 to `max_length` characters that PostgreSQL can store."""
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= max_length or not storable(value):
        raise errors.BadRequest(f"{name} must be a string of 1 to {max_length} characters.")
    return value


def choice(body: dict[str, Any], name: str, options: Collection[str]) -> str:
    """Return `body[name]`, which must be one of `options`."""
    value = body.get(name)
    if not isinstance(value, str) or value not in options:
        raise errors.BadRequest(f"{name} must be one of {', '.join(options)}.")
    return value


def integer(body: dict[str, Any], name: str, minimum: int, maximum: int) -> int:
    """Return `body[name]`, which must be a whole number from `minimum` to `maximum`."""
    value = body.get(name)
    # In JSON, 3 and 3.0 are the same number. In Python, True is an int.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise errors.BadRequest(f"{name} must be a whole number from {minimum} to {maximum}.")
    return value


def objects(body: dict[str, Any], name: str, max_items: int) -> list[dict[str, Any]]:
    """Return `body[name]`, a list of at most `max_items` objects. The default is an empty list."""
    value = body.get(name, [])
    if (
        not isinstance(value, list)
        or len(value) > max_items
        or not all(isinstance(item, dict) for item in value)
    ):
        raise errors.BadRequest(f"{name} must be a list of at most {max_items} objects.")
    return value


def path_id(value: str, kind: str, max_length: int) -> str:
    """Return an id taken from the URL. An id that no row can have is NotFound, like any unknown id."""
    if len(value) > max_length or not storable(value):
        raise errors.NotFound(f"No such {kind}.")
    return value


def query_moment(name: str) -> datetime:
    """Return the required query parameter `name`, an ISO 8601 date or date-time, as UTC."""
    value = request.args.get(name)
    if value is None:
        raise errors.BadRequest(f"{name} is required: a date such as 2025-01-01, or a date-time.")
    try:
        return timestamps.parse(value)
    except ValueError:
        raise errors.BadRequest(
            f"{name} must be a date such as 2025-01-01, or a date-time such as 2025-01-01T08:30:00Z."
        ) from None


def query_text(name: str, max_length: int) -> str | None:
    """Return the query parameter `name`, or None if it is absent."""
    value = request.args.get(name)
    if value is not None and (not 1 <= len(value) <= max_length or not storable(value)):
        raise errors.BadRequest(f"{name} must be 1 to {max_length} characters long.")
    return value


def storable(value: str) -> bool:
    """Return whether PostgreSQL can store the text: it accepts neither NUL nor a lone surrogate."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def check_length(max_bytes: int) -> None:
    """Raise BadRequest if the request's body is longer than `max_bytes`."""
    if len(request.get_data()) > max_bytes:
        raise errors.BadRequest(f"The body must be at most {max_bytes} bytes long.")


def check_span(start: datetime, end: datetime, max_days: int) -> None:
    """Raise BadRequest if `end` is more than `max_days` days after `start`."""
    if (end - start).total_seconds() > max_days * 24 * 60 * 60:
        raise errors.BadRequest(f"start and end must be at most {max_days} days apart.")


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")
