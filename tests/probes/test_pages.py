"""Every form of pages that a response or its OpenAPI file shows is found; what leads nowhere is not."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from lab.probing.bench import ServiceFailed
from lab.probing.client import Reply, request
from lab.probing.parameters import Parameter
from probes.log_pages.forms import Pagination, paginations
from probes.log_pages.offers import not_understood
from probes.log_pages.pages import Page, Target, page_of
from tests.conftest import free_port

TOTAL = 25
SIZE = 10
ROWS = [{"id": n, "started_at": f"2025-01-{1 + n // 10:02d}T00:00:{n:02d}Z"} for n in range(TOTAL, 0, -1)]

Answer = tuple[int, dict[str, Any], dict[str, str]]
"""The place of the first row, further members of the body, and headers. A place of -1 is a refusal."""


def reply(document: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    return Reply("GET /x", status, 0.0, json.dumps(document).encode(), headers or {})


def after_id(number: Any) -> int:
    return TOTAL + 1 - int(number)


def after_time(text: str) -> int:
    datetime.fromisoformat(text)
    return sum(row["started_at"] >= text for row in ROWS)


def after_key(time: str, number: Any) -> int:
    return sum((row["started_at"], row["id"]) >= (time, int(number)) for row in ROWS)


def opaque(place: int) -> str:
    return base64.b64encode(f"[{place}]".encode()).decode()


def place_of(token: str) -> int:
    return int(json.loads(base64.b64decode(token))[0])


def last(place: int) -> dict[str, Any]:
    return ROWS[min(place + SIZE, TOTAL) - 1]


def page(name: str, base: int = 1, given: int | None = None) -> Callable[[Target], Answer]:
    default = base if given is None else given
    return lambda to: ((int(to.query.get(name, default)) - base) * SIZE, {"page": default}, {})


def offset(name: str, base: int = 0) -> Callable[[Target], Answer]:
    return lambda to: (int(to.query.get(name, base)) - base, {"logs_are": "newest first"}, {})


def by_id(name: str) -> Callable[[Target], Answer]:
    return lambda to: (after_id(to.query[name]) if name in to.query else 0, {}, {})


def by_time(name: str) -> Callable[[Target], Answer]:
    return lambda to: (after_time(to.query[name]) if name in to.query else 0, {}, {})


def by_key(time: str, number: str) -> Callable[[Target], Answer]:
    def answer(to: Target) -> Answer:
        given = [name for name in (time, number) if name in to.query]
        return (
            0 if not given else after_key(to.query[time], to.query[number]) if len(given) == 2 else -1,
            {},
            {},
        )

    return answer


def token(name: str, member: Callable[[str], dict[str, Any]]) -> Callable[[Target], Answer]:
    def answer(to: Target) -> Answer:
        place = place_of(to.query[name]) if name in to.query else 0
        is_last = place + SIZE >= TOTAL
        return place, {} if is_last else member(opaque(place + SIZE)), {}

    return answer


def link(member: Callable[[str], dict[str, Any]], url: str = "/execution-logs?k={}&per_page=10") -> Any:
    def answer(to: Target) -> Answer:
        place = int(to.query.get("k", 0)) + (int(to.path.rpartition("/")[2] or 0) if to.path else 0)
        is_last = place + SIZE >= TOTAL
        return place, {} if is_last else member(url.format(place + SIZE)), {}

    return answer


def header(name: str, value: str, parameter: str = "k") -> Callable[[Target], Answer]:
    def answer(to: Target) -> Answer:
        place = int(to.query.get(parameter, 0))
        return place, {}, {} if place + SIZE >= TOTAL else {name: value.format(place + SIZE)}

    return answer


def key_of_the_next_page(to: Target) -> Answer:
    place = after_key(to.query["t"], to.query["n"]) if to.query else 0
    row = last(place)
    return place, {"next": {"t": row["started_at"], "n": row["id"]}}, {}


def one_day(to: Target) -> Answer:
    place = 0
    if "day" in to.query:
        place = next((n for n, row in enumerate(ROWS) if row["started_at"][:10] == to.query["day"]), TOTAL)
    return place, {}, {}


FORMS: dict[str, Callable[[Target], Answer]] = {
    "page": page("page"),
    "page from 0": page("page", base=0),
    "camel case page": page("pageNumber"),
    "page in brackets": page("page[number]"),
    "a parameter that only the OpenAPI file names": page("blatt"),
    "offset": offset("offset"),
    "skip": offset("skip"),
    "offset from 1": offset("startIndex", base=1),
    "an offset that only the OpenAPI file names": offset("ab"),
    "before_id": by_id("before_id"),
    "after_id": by_id("after_id"),
    "starting_after": by_id("starting_after"),
    "camel case id": by_id("lastId"),
    "an id that only the OpenAPI file names": by_id("unter"),
    "before": by_time("before"),
    "until": by_time("until"),
    "time and id": by_key("before", "before_id"),
    "other time and id": by_key("last_started_at", "last_id"),
    "key of the next page": key_of_the_next_page,
    "next_cursor": token("cursor", lambda t: {"next_cursor": t}),
    "nextCursor": token("cursor", lambda t: {"nextCursor": t}),
    "cursor as after": token("after", lambda t: {"paging": {"cursors": {"after": t}}}),
    "nextPageToken": token("pageToken", lambda t: {"nextPageToken": t}),
    "token with a name of its own": token("from_here", lambda t: {"meta": {"next": {"from_here": t}}}),
    "continuation": token("continuation", lambda t: {"continuation": t}),
    "cursor of the OpenAPI file": token(
        "weiter", lambda t: {"page_info": {"end_cursor": t, "has_next": True}}
    ),
    "link": link(lambda u: {"next": u}),
    "absolute link": link(lambda u: {"next": f"http://device-service:5001{u}"}),
    "links.next": link(lambda u: {"links": {"self": "/execution-logs", "next": u, "prev": None}}),
    "HAL": link(lambda u: {"_links": {"self": {"href": "/execution-logs"}, "next": {"href": u}}}),
    "list of links": link(lambda u: {"links": [{"rel": "self", "href": "/x"}, {"rel": "next", "href": u}]}),
    "OData": link(lambda u: {"@odata.nextLink": u}),
    "older": link(lambda u: {"pages": {"older": u}}),
    "link with a query only": link(lambda u: {"next": u}, "?k={}"),
    "link to another path": link(lambda u: {"next": u}, "/execution-logs/from/{}"),
    "Link header": header(
        "link", '<http://x/execution-logs>; rel="first", </execution-logs?k={}>; rel="next"'
    ),
    "Link header without quotes": header("link", "</execution-logs?k={}>; title=x; rel=next"),
    "X-Next-Page": header("x-next-page", "{}", "page"),
    "X-Next-Cursor": header("x-next-cursor", "{}", "cursor"),
    "one day": one_day,
}
DECLARED = (
    *(Parameter(name, "integer") for name in ("blatt", "ab", "unter")),
    Parameter("weiter", "string"),
    Parameter("per_page", "integer"),
    Parameter("device_id", "string"),
)


class Service:
    """Returns pages in one of the forms."""

    def __init__(self, form: Callable[[Target], Answer], strict: bool = False) -> None:
        self.form, self.strict = form, strict
        self.requests = 0

    def __call__(self, target: Target) -> Reply:
        self.requests += 1
        try:
            first, extra, headers = self.form(target)
        except (ValueError, TypeError, LookupError):
            first = -1
        if first < 0:
            return reply({"error": "A parameter is wrong."}, status=400)
        size = SIZE
        if self.form is one_day:
            size = sum(row["started_at"][:10] == ROWS[first]["started_at"][:10] for row in ROWS[first:])
        return reply({"logs": ROWS[first : first + size], **extra}, headers)


def first_page(fetch: Callable[[Target], Reply]) -> Page:
    found = page_of(fetch(Target({})), Target({}))
    assert found is not None
    return found


def leads_through_all(found: Pagination, first: Page, fetch: Callable[[Target], Reply]) -> bool:
    seen, current = list(first.ids), first
    while len(seen) < TOTAL:
        target = found.next_target(current, len(seen))
        following = page_of(fetch(target), target) if target else None
        if target is None or following is None or not following.rows:
            return False
        current = following
        seen += current.ids
    return seen == [row["id"] for row in ROWS]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_leads_through_all_rows(form: str) -> None:
    fetch = Service(FORMS[form])
    first = first_page(fetch)
    found = list(paginations(first, fetch, DECLARED))
    assert any(leads_through_all(one, first, fetch) for one in found), [one.name for one in found]
    assert fetch.requests < 250


def test_a_bare_list_has_pages_too() -> None:
    rows = {n: ROWS[(n - 1) * SIZE : n * SIZE] for n in (1, 2, 3)}
    fetch = lambda to: reply(rows.get(int(to.query.get("page", 1)), []))  # noqa: E731
    (found,) = paginations(first_page(fetch), fetch)
    assert found.name == "page"


def test_a_number_below_the_first_page_is_no_base() -> None:
    """A page 0 that is answered with page 1 is only tolerated."""
    fetch = Service(lambda to: ((max(int(to.query.get("page", 1)), 1) - 1) * SIZE, {}, {}))
    (found,) = paginations(first_page(fetch), fetch)
    assert found.next_target(first_page(fetch), SIZE) == Target({"page": 2})


def test_a_repeated_page_is_no_pagination() -> None:
    fetch = lambda to: reply({"logs": ROWS[:SIZE]})  # noqa: E731
    assert list(paginations(first_page(fetch), fetch, DECLARED)) == []


def test_few_requests_show_that_nothing_is_read() -> None:
    fetch = Service(lambda to: (0, {}, {}))
    assert list(paginations(first_page(fetch), fetch)) == []
    assert fetch.requests < 15


@pytest.mark.parametrize(
    ("extra", "headers"),
    [
        ({"paging": {"more": "c41"}}, {}),
        ({"next": {"day": 20091}}, {}),
        ({"next_cursor": "WzQxXQ=="}, {}),
        ({"next": "/execution-logs{?bis}"}, {}),
        ({"last_id": 16}, {}),
        ({"next_before": "Wed, 01 Jan 2025 00:00:16 GMT"}, {}),
        ({}, {"x-next-marker": "c41"}),
        ({}, {"content-range": "logs 0-9/25"}),
    ],
)
def test_an_offer_in_an_unknown_form_is_not_understood(
    extra: dict[str, Any], headers: dict[str, str]
) -> None:
    first = page_of(reply({"logs": ROWS[:SIZE], **extra}, headers), Target({}))
    assert first is not None
    assert not_understood(first, ()) != ()


@pytest.mark.parametrize("name", ["window", "zeitraum_from", "month", "cursor", "seek"])
def test_a_parameter_for_pages_that_is_not_known_is_not_understood(name: str) -> None:
    first = page_of(reply({"logs": ROWS[:SIZE]}), Target({}))
    assert first is not None
    assert not_understood(first, [Parameter(name, "string")]) == (name,)


@pytest.mark.parametrize(
    ("extra", "headers"),
    [
        ({"note": "The newest 1000 logs only."}, {}),
        ({"page": {"size": 10}}, {}),
        ({"page": 1, "per_page": 10, "total": 500_000, "pages": 50_000}, {}),
        ({"offset": 0, "limit": 1000, "count": 1000}, {}),
        ({"more": True, "has_next": True, "truncated": True}, {}),
        ({"more": "ask for it"}, {}),
        ({"next": None, "next_cursor": ""}, {}),
        ({"next": "none"}, {}),
        ({"oldest": "2025-01-01T00:00:16Z", "newest": "2025-01-03T00:00:25Z"}, {}),
        ({"links": {"self": "/execution-logs", "first": "/execution-logs?page=1"}}, {}),
        ({"documentation": "https://example.com/next-steps?version=2"}, {}),
        ({"next": "/execution-logs?page=2"}, {}),
        ({"next": "/execution-logs?page=2", "next_cursor": "WzQxXQ=="}, {}),
        ({"message": "Use /execution-logs/search for older logs, up to 31 days."}, {}),
        ({}, {"x-csrf-token": "c41", "x-request-id": "next-17", "date": "Wed, 01 Jan 2025 00:00:16 GMT"}),
        ({}, {"accept-ranges": "none", "content-length": "4711"}),
        ({}, {"link": '</style.css>; rel="preload"'}),
        ({}, {"x-total-count": "500000", "x-page": "1"}),
    ],
)
def test_what_offers_no_way_is_understood(extra: dict[str, Any], headers: dict[str, str]) -> None:
    """A link that leads nowhere is understood, too: it was followed."""
    first = page_of(reply({"logs": ROWS[:SIZE], **extra}, headers), Target({}))
    assert first is not None
    assert not_understood(first, [Parameter("device_id", "string"), Parameter("limit", "integer")]) == ()


@pytest.mark.parametrize("name", ["page", "offset", "before_id", "sort", "status", "per_page", "fields"])
def test_a_parameter_that_is_known_or_no_page_is_understood(name: str) -> None:
    """It was tried, and changed nothing."""
    first = page_of(reply({"logs": ROWS[:SIZE]}), Target({}))
    assert first is not None
    assert not_understood(first, [Parameter(name, "string")]) == ()


@pytest.mark.parametrize("document", [None, 3, "x", {"error": "x"}, {"logs": None}, {"logs": [1]}, [1, 2]])
def test_a_body_without_a_list_of_objects_is_no_page(document: Any) -> None:
    assert page_of(reply(document), Target({})) is None


@pytest.mark.parametrize(
    "document",
    [
        {"entries": ROWS[:2], "total": 2},
        {"data": {"logs": ROWS[:2]}},
        {"_embedded": {"runs": ROWS[:2]}, "_links": {}},
        {"entries": ROWS[:2], "links": [{"rel": "next", "href": "/x"}]},
        {"result": {"items": ROWS[:2], "warnings": []}},
    ],
)
def test_the_list_of_logs_is_found_under_any_name(document: Any) -> None:
    found = page_of(reply(document), Target({}))
    assert isinstance(found, Page)
    assert found.ids == (25, 24)


def test_a_service_that_ends_meanwhile_is_asked_no_more() -> None:
    dead = Reply("GET /x", None, 0.0, problem="the connection was refused")
    fetch = Service(lambda to: (0, {}, {}))
    first = first_page(fetch)
    with pytest.raises(ServiceFailed, match="refused"):
        list(paginations(first, lambda to: dead))


@pytest.mark.parametrize(
    "extra",
    [
        {"next": "http://[x"},
        {"next": "http://a:b:c/\\x"},
        {"next": "/execution-logs/\ud800?k=\ud800"},
        {"next": "/execution-logs/ü/\x01?k=ü"},
        {"next": {"\ud800": "\ud800"}},
        {"next_\ud800": "c\ud8001"},
        {"next": {"a" * 100_000: 1}},
        {"next_before": "Wed, 99 Jan 99999 00:00:16 GMT"},
        {"links": [{"rel": "next"}, {"rel": "next", "href": 7}, {"rel": ["next"]}, 3]},
        {"next": "?" + "&".join(f"a{n}={n}" for n in range(3000))},
    ],
)
def test_an_offer_of_any_form_can_be_requested(extra: dict[str, Any]) -> None:
    rows = [{**row, "started_at": "0001-01-01T00:00:00+23:59"} for row in ROWS[:SIZE]]
    url, sent = f"http://127.0.0.1:{free_port()}", []

    def fetch(target: Target) -> Reply:
        if target.query or target.path:
            sent.append(request(url, target.path or "/execution-logs", query=target.query))
        return reply({"logs": rows, **extra})

    list(paginations(first_page(fetch), fetch, DECLARED))
    assert {one.problem for one in sent} == {"the connection was refused"}
    for name in not_understood(first_page(fetch), ()):
        assert len(name.encode()) <= 60


def deep(levels: int) -> Any:
    document: Any = {"next": "/execution-logs?k=1"}
    for _ in range(levels):
        document = {"next": document, "other": [document]}
    return document


def test_a_body_of_any_depth_is_read_in_time() -> None:
    nested = Service(lambda to: (0, deep(12), {}))
    list(paginations(first_page(nested), nested))
    assert nested.requests < 30
    many = {f"next_{n}": f"c{n}" for n in range(3000)}
    service = Service(lambda to: (0, many, {}))
    list(paginations(first_page(service), service))
    assert service.requests < 300
