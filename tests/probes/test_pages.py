"""Every known form of pagination is found, and a repeated first page is not taken for a second one."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lab.probing.client import Reply
from probes.log_pages.pages import Page, find_pagination, may_have_more, page_of

TOTAL = 25
SIZE = 10
ROWS = [{"id": n, "started_at": f"2025-01-01T00:00:{n:02d}Z"} for n in range(TOTAL, 0, -1)]


def reply(document: Any, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply("GET /x", 200, 0.0, json.dumps(document).encode(), headers or {})


class Service:
    """Returns pages in one of the forms."""

    def __init__(self, form: str) -> None:
        self.form = form

    def __call__(self, query: Mapping[str, Any]) -> Reply:
        first = getattr(self, f"_{self.form}")(query)
        rows = ROWS[first : first + SIZE]
        following = first + SIZE
        if self.form == "link_header":
            return reply({"logs": rows}, {"link": f'</x?start={following}>; rel="next"'})
        extra: dict[str, Any] = {
            "next_url": {"next": f"/x?start={following}"},
            "nested": {"pagination": {"next_cursor": following}},
            "cursor": {"next_cursor": f"c{following}"},
            "next_page": {"next_page": following // SIZE + 1},
            "next_keys": {"next": {"start": following}},
            "next_href": {"_links": {"next": {"href": f"/x?start={following}"}}},
        }.get(self.form, {})
        return reply(rows if self.form == "bare_list" else {"logs": rows, **extra})

    def _page(self, query: Mapping[str, Any]) -> int:
        return (int(query.get("page", 1)) - 1) * SIZE

    _bare_list = _next_page = _page

    def _offset(self, query: Mapping[str, Any]) -> int:
        return int(query.get("offset", 0))

    def _link_header(self, query: Mapping[str, Any]) -> int:
        return int(query.get("start", 0))

    _next_url = _next_keys = _next_href = _link_header

    def _nested(self, query: Mapping[str, Any]) -> int:
        return int(query.get("cursor", 0))

    def _cursor(self, query: Mapping[str, Any]) -> int:
        return int(str(query.get("cursor", "c0")).removeprefix("c"))

    def _before_id(self, query: Mapping[str, Any]) -> int:
        return TOTAL + 1 - int(query["before_id"]) if "before_id" in query else 0

    def _before(self, query: Mapping[str, Any]) -> int:
        before = str(query.get("before", "9"))
        return sum(row["started_at"] >= before for row in ROWS if before[0] == "2")


FORMS = (
    *("page", "bare_list", "next_page", "offset", "link_header", "next_url", "next_keys", "next_href"),
    *("nested", "cursor"),
)
BY_KEY = ("before_id", "before")


@pytest.mark.parametrize("form", [*FORMS, *BY_KEY])
def test_every_form_leads_through_all_rows(form: str) -> None:
    fetch = Service(form)
    page = page_of(fetch({}), {})
    assert page is not None
    found = find_pagination(page, fetch)
    assert found is not None
    seen = list(page.ids)
    while len(seen) < TOTAL:
        query = found.next_query(page, len(seen))
        assert query is not None
        page = page_of(fetch(query), query)
        assert page is not None
        seen += page.ids
    assert seen == [row["id"] for row in ROWS]


def test_a_repeated_page_is_no_pagination() -> None:
    answer = reply({"logs": ROWS[:SIZE]})
    page = page_of(answer, {})
    assert page is not None
    assert find_pagination(page, lambda query: answer) is None
    assert not may_have_more(page)


def test_an_unknown_form_may_have_more() -> None:
    page = page_of(reply({"logs": ROWS[:SIZE], "paging": {"more": "ask for it"}}), {})
    assert page is not None
    assert may_have_more(page)


@pytest.mark.parametrize("extra", [{"note": "the newest only"}, {"page": {"size": 10}}, {"more": True}])
def test_other_members_do_not_lead_to_more(extra: dict[str, Any]) -> None:
    page = page_of(reply({"logs": ROWS[:SIZE], **extra}), {})
    assert page is not None
    assert not may_have_more(page)


@pytest.mark.parametrize("document", [None, 3, "x", {"error": "x"}, {"logs": None}, {"logs": [1]}, [1, 2]])
def test_a_body_without_a_list_of_objects_is_no_page(document: Any) -> None:
    assert page_of(reply(document), {}) is None


def test_the_only_list_is_used_under_any_name() -> None:
    page = page_of(reply({"entries": ROWS[:2], "total": 2}), {})
    assert isinstance(page, Page)
    assert page.ids == (25, 24)
