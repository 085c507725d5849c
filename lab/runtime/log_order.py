"""Put the lines of several logs into the order of time, by the time at the beginning of a line."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)? ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?")
"""A date and a time: those of Python's logging, of PostgreSQL's %m, and of ISO 8601."""


class LogOrder:
    """Merges what is read of several logs, batch by batch.

    A line without a time belongs to the line before it; at the beginning of a log, to the line after it. In
    a log without any time, `written` (the log's last change, in Unix time) is used. The order within a log
    never changes.
    """

    def __init__(self, written: Mapping[str, float]) -> None:
        self._written = written
        self._last: dict[str, float] = {}

    def merge(self, batch: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Return these new lines of each log, as (name, line), in the order of time."""
        timed = [
            (time, name, line)
            for name, lines in batch.items()
            for time, line in zip(self._times(name, lines), lines, strict=True)
        ]
        timed.sort(key=lambda one: one[0])  # stable: lines of one log with equal times stay together
        return [(name, line) for _, name, line in timed]

    def _times(self, name: str, lines: Sequence[str]) -> list[float]:
        """Return a time for each line, none before that of the line before it."""
        found = [time_of(line) for line in lines]
        first = next((time for time in found if time is not None), self._written.get(name, 0.0))
        last = self._last.get(name, first)
        times = []
        for time in found:
            last = last if time is None else max(last, time)
            times.append(last)
        if times:
            self._last[name] = last
        return times


def time_of(line: str) -> float | None:
    """Return the Unix time at the beginning of the line, or None. Without a zone it is the local time."""
    match = STAMP.match(line)
    if match is None:
        return None
    date, clock, fraction, zone = match.groups()
    try:
        found = datetime.fromisoformat(f"{date} {clock}.{(fraction or '0'):0<6}")
        if zone in ("Z", "UTC", "GMT"):
            found = found.replace(tzinfo=UTC)
        elif zone:
            found = found.replace(tzinfo=datetime.strptime(zone, "%z").tzinfo)
        return found.timestamp()
    except (ValueError, OverflowError):
        return None
