"""What a response itself offers to get more logs: links, cursors and keys, in its members and headers.

An offer that is no link is a text, a number or an object, and how it is meant to be used is a guess.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from lab.probing.connection import parse_timestamp
from lab.probing.parameters import Parameter

from .names import KNOWN, OPAQUE, PAGING, SIZE
from .pages import Page, Target

PATH = "/execution-logs"
MOST = 200
"""Members of a body that are looked at."""

DEPTH = 4
"""Levels of a body that are looked at."""

AHEAD = re.compile(
    r"(^|_)(next\w*|older|more|continu\w*|cursors?|token|marker|bookmark|before|after|resume\w*|scroll\w*"
    r"|last_(seen\w*|id|key|evaluated\w*))(_|$)"
)
"""Names of what leads to older logs, in lower case."""

BACK = re.compile(r"prev\w*|newer\w*|first\w*|self|last(_page\w*|_url|_link)?|current|start_cursor")
"""Names of what leads elsewhere."""

UNRELATED = re.compile(r"csrf|xsrf|auth|access|session|trace|request")
PROSE = re.compile(r"\s|\A([A-Za-z]?[a-z]*|[A-Z]*)\Z")
"""A text of several words, or a plain word."""

RANGES = ("content-range", "accept-ranges")
"""Headers of pages that are requested with a header, not with parameters."""

LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)')
REL = re.compile(r'\brel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.I)


@dataclass(frozen=True, slots=True)
class Offer:
    """A member of a body, or a header: the names that lead to it, and its value."""

    place: tuple[str, ...]
    value: Any

    @property
    def name(self) -> str:
        """The names as a text for people: at most 60 characters, without unusual ones."""
        return re.sub(r"[^\w.@-]", "?", ".".join(self.place))[:60]

    @property
    def leads_on(self) -> bool:
        """Whether its name says that it leads to older logs."""
        name = snake_case("_".join(self.place))
        return bool(AHEAD.search(name)) and not self.leads_back and not UNRELATED.search(name)

    @property
    def leads_back(self) -> bool:
        return any(BACK.fullmatch(snake_case(name)) for name in self.place)

    def target(self, page: Page) -> Target | None:
        """What a link, or an object of query parameters, says to request; None if it is neither."""
        if isinstance(self.value, dict):
            values = self.value.values()
            is_query = bool(values) and all(_is_scalar(one) and not _is_link(one) for one in values)
            return Target({**page.target.query, **self.value}) if is_query and self.leads_on else None
        if not _is_link(self.value) or "{" in self.value:
            return None
        try:
            parts = urlsplit(urljoin(page.target.path or PATH, self.value))
        except ValueError:  # such as a host in brackets that is no address
            return None
        if not self.leads_on and (self.leads_back or not parts.path.startswith(PATH)):
            return None
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Target(query, "" if parts.path == PATH else parts.path)

    @property
    def is_token(self) -> bool:
        """Whether it is a number, or a text that a program could have made: not a word, and no prose."""
        if not self.leads_on or not _is_scalar(self.value) or _is_link(self.value):
            return False
        return not PROSE.search(str(self.value)) or _is_date(self.value)


def offers(page: Page) -> tuple[Offer, ...]:
    """What may lead on, in the response with this page. Those whose names say so come first."""
    found = islice(_members(page), MOST)
    return tuple(sorted(found, key=lambda one: not one.leads_on))


def offer_at(page: Page, place: tuple[str, ...]) -> Offer | None:
    """The offer at the same place of another page; None if it is not there, or has no value."""
    return next((one for one in _members(page) if one.place == place), None)


def not_understood(page: Page, declared: Iterable[Parameter]) -> tuple[str, ...]:
    """The names of what may lead to older logs in a way that cannot be tried.

    They are those of the page's offers which are no links, and of the declared query parameters for pages
    whose values are not known. There are none where it offers a link: that says what to request.
    """
    offered = [one for one in offers(page) if one.leads_on]
    if any(isinstance(one.value, str) and one.target(page) for one in offered):
        return ()
    given = [one.name for one in offered if one.is_token or _is_template(one)]
    ranges = [name for name in RANGES if page.headers.get(name, "none") not in {"none", "bytes"}]
    names = [one.name for one in declared if _is_unclear_parameter(one.name)]
    return (*given, *ranges, *names)


def snake_case(name: str) -> str:
    """The name in lower case, with underlines between its words: `@odata.nextLink` is `odata_next_link`."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()


def _is_template(offer: Offer) -> bool:
    """Whether it is a link with a placeholder, which no rule fills in."""
    return _is_link(offer.value) and "{" in offer.value


def _is_unclear_parameter(name: str) -> bool:
    word = snake_case(name)
    if OPAQUE.search(word):
        return True
    return bool(PAGING.search(word)) and not SIZE.search(word) and name not in KNOWN


def _members(page: Page) -> Iterator[Offer]:
    for found in LINK.finditer(page.headers.get("link", "")):
        rel = REL.search(found[2])
        for word in (rel[1] or rel[2] or "").split() if rel else ():
            yield Offer(("Link", word), found[1])
    for name, value in page.headers.items():
        if name.startswith(("x-", "next")) and value:
            yield Offer((name,), value)
    yield from _inside(page.document, (), page)


def _inside(value: Any, place: tuple[str, ...], page: Page) -> Iterator[Offer]:
    if len(place) >= DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner:
                yield Offer((*place, name), inner)
                yield from _inside(inner, (*place, name), page)
    elif isinstance(value, list) and value and (not page.rows or value[0] is not page.rows[0]):
        for one in value:
            if isinstance(one, dict) and isinstance(one.get("rel"), str):
                yield Offer((*place, one["rel"]), one.get("href") or one.get("url"))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and bool(re.match(r"(https?://|/|\?)\S+\Z", value))


def _is_date(value: Any) -> bool:
    if parse_timestamp(value) is not None:
        return True
    try:
        return bool(parsedate_to_datetime(str(value)))
    except (ValueError, TypeError, LookupError, OverflowError):
        return False
