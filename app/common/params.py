"""What clients send, checked: every mistake in a body, a path or a query is a 4xx that says what is wrong."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, NoReturn

from flask import request

from app.common import errors, timestamps

MAX_BODY = 64 * 1024


def json_object() -> dict[str, Any]:
    """The request's body, which must be a JSON object."""
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
    """The member `name`, which must be a string of 1 to `max_length` characters that PostgreSQL can hold."""
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= max_length or not storable(value):
        raise errors.BadRequest(f"{name} must be a string of 1 to {max_length} characters.")
    return value


def choice(body: dict[str, Any], name: str, options: Collection[str]) -> str:
    """The member `name`, which must be one of `options`."""
    value = body.get(name)
    if not isinstance(value, str) or value not in options:
        raise errors.BadRequest(f"{name} must be one of {', '.join(options)}.")
    return value


def integer(body: dict[str, Any], name: str, minimum: int, maximum: int) -> int:
    """The member `name`, which must be a whole number from `minimum` to `maximum`."""
    value = body.get(name)
    # To JSON, 3 and 3.0 are the same number. To Python, True is an int.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise errors.BadRequest(f"{name} must be a whole number from {minimum} to {maximum}.")
    return value


def objects(body: dict[str, Any], name: str, max_items: int) -> list[dict[str, Any]]:
    """The member `name`, which must be a list of at most `max_items` objects; absent, it is empty."""
    value = body.get(name, [])
    if (
        not isinstance(value, list)
        or len(value) > max_items
        or not all(isinstance(item, dict) for item in value)
    ):
        raise errors.BadRequest(f"{name} must be a list of at most {max_items} objects.")
    return value


def path_id(value: str, thing: str, max_length: int) -> str:
    """An id out of the URL; one that no row can have is as unknown as any other."""
    if len(value) > max_length or not storable(value):
        raise errors.NotFound(f"No such {thing}.")
    return value


def query_moment(name: str) -> datetime:
    """The query parameter `name`, which must be an ISO 8601 date or date-time."""
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
    """The query parameter `name`, or None when it is absent."""
    value = request.args.get(name)
    if value is not None and (not 1 <= len(value) <= max_length or not storable(value)):
        raise errors.BadRequest(f"{name} must be 1 to {max_length} characters long.")
    return value


def storable(value: str) -> bool:
    """Whether PostgreSQL can hold the text: it takes neither NUL nor half a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def check_length(max_bytes: int) -> None:
    """See that the body is no longer than that."""
    if len(request.get_data()) > max_bytes:
        raise errors.BadRequest(f"The body must be at most {max_bytes} bytes long.")


def check_span(start: datetime, end: datetime, max_days: int) -> None:
    """See that the time from `start` to `end` is no longer than that."""
    if (end - start).total_seconds() > max_days * 24 * 60 * 60:
        raise errors.BadRequest(f"start and end must be at most {max_days} days apart.")


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")
