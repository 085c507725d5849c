"""Requests that only read: every parameter of every route, at its edges."""

import uuid
from collections.abc import Iterable, Iterator
from hashlib import md5

from lab.probing.contract.script import Call, Script

from . import routes

LEAP_DAY = ("2024-02-29", "2024-03-01")
KNOWN = (
    "odd-" + "x" * 46,
    "odd.held",
    "odd_maintained",
    "odd-offline",
    "odd-never",
    "odd-once",
    "odd-unbooked",
    "odd-A",
)
UNKNOWN = ("odd-none", "device-0", "x" * 50, "x" * 51, "%00", "a%20b", "%C3%A4", "%25")
UNKNOWN_WORKFLOWS = ("none", str(uuid.uuid5(uuid.NAMESPACE_OID, "none")), "x" * 36, "x" * 37, "%00", "%C3%A4")
MOMENTS = (
    "2024-02-29T00:00:00Z",
    "2024-02-29T00:00:00",
    "2024-02-29 00:00:00",
    "2024-02-29t00:00:00z",
    "2024-02-29T00:00",
    "2024-02-29T02:00:00+02:00",
    "2024-02-28T22:30:00-01:30",
    "2024-02-29T00:00:00.0000001Z",
    "2024-02-28T23:59:59.999999Z",
    "2024-02-29T00:00:00.000001Z",
)
NO_MOMENTS = (
    "", "x", "2024-02-30", "2023-02-29", "2024-13-01", "2024-2-29", "20240229", "2024-02-29T24:00:00Z",
    "2024-02-29T00:60:00Z", "2024-02-29T00:00:00+25:00", "2024-02-29T", "29.02.2024", "1709164800",
    "0000-01-01", "2024-02-29T00:00:00ZZ", " 2024-02-29", "2024-W09-4", "2024-060",
)  # fmt: skip
SPANS = (
    ("2024-02-29", "2024-02-29"),
    ("2024-03-01", "2024-02-29"),
    ("2024-02-01", "2024-03-03"),
    ("2024-02-01", "2024-03-03T00:00:00.000001Z"),
    ("2024-02-01", "2024-03-04"),
    ("0001-01-01", "0001-01-02"),
    ("9999-12-30", "9999-12-31T23:59:59Z"),
    ("2024-01-31T01:00:00+01:00", "2024-03-02"),
    ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000001Z"),
    ("2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z"),
    ("2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00.000001Z"),
    ("2026-06-01T10:00:00Z", "2026-06-02"),
    ("2021-06-15", "2021-06-16"),
    ("0001-01-01T00:00:00+01:00", "0001-03-01"),
    ("9999-11-01", "9999-12-31T23:59:59-01:00"),
)


def query_scripts() -> Iterator[Script]:
    """Yield one script for each request: so each can differ by itself."""
    for call in (routes.devices(), routes.samples(), routes.workflows()):
        yield Script("list", (call,), alone=True)
    for service in (routes.DEVICES, routes.WORKFLOWS):
        calls = [
            routes.other(service, "GET", "/health"),
            routes.other(service, "POST", "/health"),
            routes.other(service, "GET", "/"),
            routes.other(service, "GET", "/nothing"),
            routes.other(service, "GET", "/openapi.yaml"),
        ]
        yield from _scripts("paths", calls)
    yield from _scripts("slashes", map(routes.device, ("/odd-A", "odd-A/")))
    yield from _scripts("methods", _wrong_methods())
    yield from _scripts("devices", map(routes.device, (*KNOWN, "odd-B", *UNKNOWN)))
    known = [str(uuid.UUID(md5(f"odd workflow {n}".encode()).hexdigest())) for n in range(1, 13)]
    yield from _scripts("workflows", map(routes.workflow, (*known, *UNKNOWN_WORKFLOWS)))
    yield from _scripts("search", _searches())
    yield from _scripts("logs", [routes.logs(), routes.logs(("unknown", "1"))])
    yield from _scripts("pages", _pages())
    yield from _scripts("queues", map(routes.queue, (*KNOWN, *UNKNOWN)))
    yield from _scripts("estimates", _estimates())


def _scripts(name: str, calls: Iterable[Call]) -> Iterator[Script]:
    for number, call in enumerate(calls, start=1):
        yield Script(f"{name} {number}", (call,))


def _wrong_methods() -> Iterator[Call]:
    for path in (
        "/devices",
        "/devices/odd-A/book",
        "/devices/odd-A/release",
        "/execution-logs",
        "/devices/odd-A",
    ):
        for method in ("PUT", "DELETE"):
            yield routes.other(routes.DEVICES, method, path)
    for path in ("/workflows/x/start", "/workflows/x/complete", "/samples", "/workflows/x", "/workflows"):
        for method in ("PUT", "DELETE"):
            yield routes.other(routes.WORKFLOWS, method, path)


def _searches() -> Iterator[Call]:
    """Yield searches. Those that find little or are refused are light: without an index, a run is a scan."""
    for start, end in (("2024-02-29T06:00:00Z", "2024-02-29T07:31:00Z"), LEAP_DAY):
        for device in ("odd-A", "odd-B", "odd-none"):
            light = start != LEAP_DAY[0] or device == "odd-none"
            yield routes.search(("start", start), ("end", end), ("device_id", device), light=light)
    for start, end in (LEAP_DAY, *SPANS):
        yield routes.search(("start", start), ("end", end))
        yield routes.search(("start", start), ("end", end), ("device_id", "odd-B"))
    for device in (*KNOWN, "odd-none", "", "x" * 50, "x" * 51, "\0", "ä", "odd-a", "odd%"):
        yield routes.search(("start", LEAP_DAY[0]), ("end", LEAP_DAY[1]), ("device_id", device))
    for moment in MOMENTS:
        yield routes.search(("start", moment), ("end", "2024-02-29T01:00:00Z"), ("device_id", "odd-A"))
        yield routes.search(("start", "2024-02-28T23:00:00Z"), ("end", moment), ("device_id", "odd-A"))
    for fraction in ("2", "3", "25", "2500001"):
        start, end = f"2024-02-29T07:30:00.{fraction}Z", "2024-02-29T07:31:00Z"
        yield routes.search(("start", start), ("end", end), ("device_id", "odd-A"))
    for text in NO_MOMENTS:
        yield routes.search(("start", text), ("end", LEAP_DAY[1]), light=True)
        yield routes.search(("start", LEAP_DAY[0]), ("end", text), light=True)
    for year in range(2016, 2027):  # a seed has runs of ten years
        yield routes.search(("start", f"{year}-03-05T08:00:00Z"), ("end", f"{year}-03-05T20:00:00Z"))
    yield routes.search(light=True)
    yield routes.search(("start", LEAP_DAY[0]), light=True)
    yield routes.search(("end", LEAP_DAY[1]), light=True)
    yield routes.search(("start", "2024-02-01"), ("end", "2024-03-04"), light=True)
    yield routes.search(("start", "2024-03-01"), ("end", "2024-02-29"), light=True)
    yield routes.search(("start", "2021-06-15T11:59:59Z"), ("end", "2021-06-15T12:00:01Z"), light=True)
    # The longest span that is allowed, of a device that never ran: found without a scan for each run.
    never = ("device_id", "odd-never")
    yield routes.search(("start", "2024-02-01"), ("end", "2024-03-03"), never, light=True)


def _pages() -> Iterator[Call]:
    """Yield values that are no page, for the names that the library's answer has: others may ignore them.

    None is too large for the database: an answer that is otherwise right may not think of that.
    """
    for name in ("page", "per_page"):
        for value in ("0", "-1", "x", "", "1.5"):
            yield routes.page_of_logs((name, value))


def _estimates() -> Iterator[Call]:
    for path in (KNOWN[0], "odd_maintained", "odd-offline", "odd-once", "odd-A", *UNKNOWN):
        yield routes.wait_time(path)
    for priority in ("high", "normal", "low", "", "HIGH", "urgent", "1", "nothing", "\0"):
        yield routes.wait_time("odd-A", ("priority", priority))
