"""Timestamps: UTC without a time zone in the database, with a Z in JSON."""

import re
from datetime import UTC, datetime

_FORM = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([Tt ](?P<time>([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2})?)(\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


def parse(text: str) -> datetime:
    """Return an ISO 8601 date or date-time as UTC. Without a time zone, it is taken as UTC.

    Raises:
        ValueError: the text is not a date or a date-time.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date or a date-time: {text!r}")
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    zone = (match["zone"] or "Z").upper().replace("Z", "+00:00")
    moment = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}{zone}")
    moment = moment.replace(microsecond=int(fraction))
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        # The conversion to UTC leaves the years 1 to 9999. Use the nearest value that Python can represent.
        return datetime.min if moment.year == 1 else datetime.max


def to_json(moment: datetime | None) -> str | None:
    """Return the timestamp in ISO 8601 with a Z, or None for None."""
    return None if moment is None else f"{moment.isoformat()}Z"
