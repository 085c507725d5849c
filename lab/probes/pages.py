"""Whatever way a candidate chose to hand out a long list in parts, found by trying.

Understood are: a link or a cursor to what comes next, in the answer or in its Link header; `page` with
`per_page`; `offset` with `limit`; a key of the last row passed back (`before`, `after_id` and the like). The
rows are the answer's only list of objects, or the one called `logs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lab.probes.client import Reply

Fetch = Callable[[Mapping[str, Any]], Reply]
"""Asks for the list with these query parameters."""

Row = dict[str, Any]

LISTS = ("logs", "items", "results", "data", "execution_logs", "rows")
SIZES = ("per_page", "limit", "page_size", "size", "count")
LINK = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?', re.I)
NEXT_LINKS = ("next", "next_url", "next_page_url", "next_link", "next_page")
CURSORS = (
    "next_cursor",
    "cursor",
    "next_token",
    "next_page_token",
    "continuation",
    "next_before",
    "next_after",
)
LEADS_ON = re.compile(r"next|cursor|token|link|more|offset|before|after|older|last|key|marker|url|href", re.I)
"""What a member of the answer that leads to older rows is called, whatever its form."""

BY_TIME = ("before", "until", "older_than", "end", "cursor", "after", "before_started_at", "started_before")
BY_ID = ("before_id", "last_id", "after_id", "cursor", "before", "after", "max_id", "start_after")


@dataclass(frozen=True, slots=True)
class Page:
    """One part of the list; `document` is the whole answer around it."""

    rows: tuple[Row, ...]
    document: Any
    headers: Mapping[str, str]
    query: Mapping[str, Any]

    @property
    def ids(self) -> tuple[Any, ...]:
        return tuple(row.get("id") for row in self.rows)


Turn = Callable[[Page, int], Mapping[str, Any] | None]
"""From a page and how many came up to its end to the parameters of the next; None where it ends."""


def page_of(reply: Reply, query: Mapping[str, Any]) -> Page | None:
    """The rows in the answer; None when there is no list of objects in it."""
    document = reply.json
    found = _rows(document)
    return None if found is None else Page(tuple(found), document, reply.headers, dict(query))


def find_turn(first: Page, fetch: Fetch) -> tuple[str, Turn] | None:
    """A way from the first page to others that are not the first again, and what it is called."""
    for name, turn in _ways(first):
        query = turn(first, len(first.rows))
        if query is None:
            continue
        reply = fetch(query)
        page = page_of(reply, query) if reply.ok else None
        if page is not None and page.rows and page.ids[0] != first.ids[0] and page.ids != first.ids:
            return name, turn
    return None


def says_more_than_rows(page: Page) -> bool:
    """Whether the answer holds anything beside the rows that might lead on, in a form not known here."""
    for holder in _holders(page.document):
        if any(
            LEADS_ON.search(key) and value and isinstance(value, dict | str) for key, value in holder.items()
        ):
            return True
    return "link" in page.headers


def _ways(first: Page) -> Iterator[tuple[str, Turn]]:
    if _told_next(first) is not None:
        yield "the answer's own link or cursor", lambda page, _: _told_next(page)
    size = len(first.rows)
    yield "page", lambda page, done: {**page.query, "page": done // size + 1}
    yield "offset", lambda page, done: {**page.query, "offset": done}
    for name in BY_ID:
        yield name, _by_key(name, "id")
    for name in BY_TIME:
        yield name, _by_key(name, "started_at")


def _by_key(name: str, column: str) -> Turn:
    def turn(page: Page, _: int) -> Mapping[str, Any] | None:
        return {name: page.rows[-1].get(column)} if page.rows else None

    return turn


def _told_next(page: Page) -> Mapping[str, Any] | None:
    """What the answer itself says comes next, as query parameters."""
    if found := LINK.search(page.headers.get("link", "")):
        return _of_link(found[1])
    for holder in _holders(page.document):
        for key in NEXT_LINKS:
            value = holder.get(key)
            if isinstance(value, dict) and value:
                href = value.get("href") or value.get("url")
                return _of_link(href) if isinstance(href, str) else {**page.query, **value}
            if isinstance(value, str) and ("?" in value or "/" in value):
                return _of_link(value)
            if key == "next_page" and isinstance(value, int) and not isinstance(value, bool):
                return {**page.query, "page": value}
        for key in (*CURSORS, "next"):
            value = holder.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                name = key.removeprefix("next_") if key not in {"next", "next_token"} else "cursor"
                return {**page.query, name: value}
    return None


def _holders(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        for value in document.values():
            if isinstance(value, dict):
                yield value


def _of_link(link: str) -> Mapping[str, Any]:
    return dict(parse_qsl(urlsplit(link).query))


def _rows(document: Any) -> list[Row] | None:
    if isinstance(document, list):
        return document if all(isinstance(row, dict) for row in document) else None
    if not isinstance(document, dict):
        return None
    for name in LISTS:
        if isinstance(document.get(name), list):
            return _rows(document[name])
    lists = [value for value in document.values() if isinstance(value, list)]
    return _rows(lists[0]) if len(lists) == 1 else None
