"""Find out how a list is paginated, by trying: candidates choose the form of their pages themselves.

Known forms are a link or a cursor in the body or in the Link header, `page`, `offset`, and a key of the last
row (`before`, `after_id` and the like). The rows are the body if it is a list, its list with a name in LISTS,
or its only list.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lab.probing.client import Reply, objects

Fetch = Callable[[Mapping[str, Any]], Reply]
"""Requests the list with these query parameters."""

Row = dict[str, Any]

LISTS = ("logs", "items", "results", "data", "execution_logs", "rows")
SIZES = ("per_page", "limit", "page_size", "size", "count")
"""Query parameters that ask for a page size."""

LINK = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?', re.I)
NEXT_LINKS = ("next", "next_url", "next_page_url", "next_link", "next_page")
CURSORS = (
    *("next_cursor", "cursor", "next_token", "next_page_token", "continuation"),
    *("next_before", "next_after"),
)
NEXT_HINT = re.compile(r"(?i)next|cursor|token|link|more|offset|before|after|older|last|key|marker|url|href")
"""Names of members of a body that may lead to older rows in a form that is not known here."""

BY_TIME = ("before", "until", "older_than", "end", "cursor", "after", "before_started_at", "started_before")
BY_ID = ("before_id", "last_id", "after_id", "cursor", "before", "after", "max_id", "start_after")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; `document` is the whole body, `query` the parameters of its request."""

    rows: tuple[Row, ...]
    document: Any
    headers: Mapping[str, str]
    query: Mapping[str, Any]

    @property
    def ids(self) -> tuple[Any, ...]:
        return tuple(row.get("id") for row in self.rows)


@dataclass(frozen=True, slots=True)
class Pagination:
    """A way to get the next page.

    `next_query` takes a page and the number of rows up to its end. It returns the parameters of the next
    page, or None if this page shows that there is none.
    """

    name: str
    next_query: Callable[[Page, int], Mapping[str, Any] | None]


def page_of(reply: Reply, query: Mapping[str, Any]) -> Page | None:
    """The page in the reply to a request with the parameters `query`; None if no list of objects is found."""
    document = reply.json
    found = _rows(document)
    return None if found is None else Page(tuple(found), document, reply.headers, dict(query))


def find_pagination(first: Page, fetch: Fetch) -> Pagination | None:
    """The first known form that leads from this page to one with other rows; None if no form does."""
    for pagination in _known_forms(first):
        query = pagination.next_query(first, len(first.rows))
        if query is None:
            continue
        reply = fetch(query)
        page = page_of(reply, query) if reply.ok else None
        if page is not None and page.rows and page.ids[0] != first.ids[0] and page.ids != first.ids:
            return pagination
    return None


def may_have_more(page: Page) -> bool:
    """Whether a Link header or a member of the body may lead to more rows in an unknown form."""
    for holder in _holders(page.document):
        for key, value in holder.items():
            if value and isinstance(value, dict | str) and NEXT_HINT.search(key):
                return True
    return "link" in page.headers


def _known_forms(first: Page) -> Iterator[Pagination]:
    if _given_next(first) is not None:
        yield Pagination("the response's own link or cursor", lambda page, _: _given_next(page))
    size = len(first.rows)
    yield Pagination("page", lambda page, done: {**page.query, "page": done // size + 1})
    yield Pagination("offset", lambda page, done: {**page.query, "offset": done})
    for column, names in (("id", BY_ID), ("started_at", BY_TIME)):
        yield from (_by_key(name, column) for name in names)


def _by_key(name: str, column: str) -> Pagination:
    return Pagination(name, lambda page, _: {name: page.rows[-1].get(column)} if page.rows else None)


def _given_next(page: Page) -> Mapping[str, Any] | None:
    """The query parameters of the next page, if the response itself gives them."""
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
        yield from (value for value in document.values() if isinstance(value, dict))


def _of_link(link: str) -> Mapping[str, Any]:
    return dict(parse_qsl(urlsplit(link).query))


def _rows(document: Any) -> list[Row] | None:
    if not isinstance(document, dict):
        return objects(document)
    for name in LISTS:
        if isinstance(document.get(name), list):
            return objects(document[name])
    lists = [value for value in document.values() if isinstance(value, list)]
    return objects(lists[0]) if len(lists) == 1 else None
