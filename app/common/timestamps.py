"""Moments as the database keeps them (UTC, without a zone) and as JSON shows them (with a Z)."""

import re
from datetime import UTC, datetime

_FORM = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([Tt ](?P<time>([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2})?)(\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


def parse(text: str) -> datetime:
    """The moment that an ISO 8601 date or date-time names, in UTC; without a zone it is taken as UTC.

    Raises:
        ValueError: it names none.
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
        # Only the zone takes it beyond year 1 or 9999; the nearest moment that we can hold is as good.
        return datetime.min if moment.year == 1 else datetime.max


def to_json(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat()}Z"
