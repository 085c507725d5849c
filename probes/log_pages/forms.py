"""Find out how a list is paginated, by trying: candidates choose the form of their pages themselves.

What the response itself offers is tried first, then the parameters in `names` and those that the service's
OpenAPI file declares.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from lab.probing.bench import ServiceFailed
from lab.probing.connection import parse_timestamp
from lab.probing.parameters import Parameter

from .names import BY_DAY, BY_ID, BY_KEY, BY_TIME, KNOWN, OFFSET, PAGE, SIZE, SPANS, TOKENS
from .offers import Offer, offer_at, offers, snake_case
from .pages import Fetch, Page, Target, page_of

SPAN = timedelta(days=7)
"""A span of time that a service may give as one page."""

MOST = 12
"""Links, other offers of a response, and declared parameters that are tried, of each."""

Values = Callable[[Page], Mapping[str, Any]]
"""Returns the query parameters for what follows a page."""


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter that counts pages of so many rows, or rows (1). The first one has the number `base`."""

    name: str
    rows: int
    base: int

    def at(self, place: int) -> Target:
        """What to request for the rows from this place on, which is 0 for the newest row."""
        return Target({self.name: self.base + place // self.rows})


@dataclass(frozen=True, slots=True)
class Pagination:
    """A way to get the next page.

    `next_target` takes a page and the number of rows up to its end. It returns what to request for the next
    page, or None if this page shows that there is none. `certain`: the response says itself what to request.
    """

    name: str
    next_target: Callable[[Page, int], Target | None]
    certain: bool = False
    number: Number | None = None


def paginations(first: Page, fetch: Fetch, declared: Iterable[Parameter] = ()) -> Iterator[Pagination]:
    """The forms that lead from this page to one with other rows, the most certain first.

    Raises:
        ServiceFailed: a request got no complete response.
    """
    offered = offers(first)
    for offer in islice((one for one in offered if one.target(first)), MOST):
        yield from _by_link(offer, first, fetch)
    unknown = [one for one in declared if _may_be_for_pages(one.name, first)][:MOST]
    numbers = [one.name for one in unknown if one.kind != "string"]
    texts = [one.name for one in unknown if one.kind != "integer"]
    for offer in islice((one for one in offered if one.is_token), MOST):
        yield from _leading(_by_token(offer, [one.name for one in unknown]), first, fetch)
    pages = [Number(name, len(first.rows), 1) for name in (*PAGE, *numbers)]
    rows = [Number(name, 1, 0) for name in (*OFFSET, *numbers)]
    for counted in (pages, rows):
        for form in _leading([_by_number(one) for one in counted], first, fetch):
            yield _with_base(form, first, fetch)
    keys: tuple[Mapping[str, Values], ...] = (
        {f"{time} and {number}": partial(_key, time, number) for time, number in BY_KEY},
        {name: partial(_id, name) for name in (*BY_ID, *numbers)},
        {name: partial(_time, name) for name in (*BY_TIME, *texts)},
        {f"{start} and {end}": partial(_span, start, end) for start, end in SPANS},
        {name: partial(_day_before, name) for name in (*BY_DAY, *texts)},
    )
    for values in keys:
        yield from _leading([_by_values(name, one) for name, one in values.items()], first, fetch)


def _may_be_for_pages(name: str, first: Page) -> bool:
    """Whether a declared parameter is worth a try: no size, no known name, and no filter by a column."""
    return name not in first.rows[0] and name not in KNOWN and not SIZE.search(snake_case(name))


def _by_link(offer: Offer, first: Page, fetch: Fetch) -> Iterator[Pagination]:
    """The pagination by this link, or object of parameters, if it leads on.

    It is tried as it is, then without its path: that may be the one that it has behind a proxy.
    """

    def followed(has_path: bool, page: Page, _: int) -> Target | None:
        found = offer_at(page, offer.place)
        target = found.target(page) if found else None
        return target if target is None or has_path else Target(target.query)

    for has_path in (True, False):
        form = Pagination(f"its own {offer.name}", partial(followed, has_path), certain=offer.leads_on)
        if _leads_on(form, first, fetch):
            yield form
            return


def _by_token(offer: Offer, declared: Iterable[str]) -> list[Pagination]:
    """The paginations that send what the response gave, in a parameter of a name that fits."""

    def sent(name: str, page: Page, _: int) -> Target | None:
        found = offer_at(page, offer.place)
        return Target({**page.target.query, name: found.value}) if found else None

    given = offer.place[-1]
    short = re.sub(r"^(x_)?(next_|end_)?", "", snake_case(given))
    camel = re.sub(r"_(\w)", lambda found: found[1].upper(), short)
    names = dict.fromkeys((given, short, camel, *declared, *TOKENS))
    return [Pagination(f"{offer.name} as {name}", partial(sent, name)) for name in names if name]


def _by_number(number: Number) -> Pagination:
    return Pagination(number.name, lambda _, done: number.at(done), number=number)


def _by_values(name: str, values: Values) -> Pagination:
    return Pagination(name, lambda page, _: Target(query) if page.rows and (query := values(page)) else None)


def _with_base(form: Pagination, first: Page, fetch: Fetch) -> Pagination:
    """The form with the number of the first page or row, if that is found to be another one than usual.

    A service may tolerate a number below it.
    """
    assert form.number is not None
    for base in (1, 0):
        number = replace(form.number, base=base)
        page = _page(number.at(0), fetch)
        if page is not None and page.ids == first.ids:
            return _by_number(number)
    return form


def _leading(group: Sequence[Pagination], first: Page, fetch: Fetch) -> Iterator[Pagination]:
    """Those of a group that lead on.

    All their parameters are sent together before: a service ignores those that it does not know, so most
    groups are done with one request.
    """
    targets = [one.next_target(first, len(first.rows)) for one in group]
    together = {name: value for target in targets if target for name, value in target.query.items()}
    page = _page(Target(together), fetch) if together else first
    if page is None or page.ids != first.ids:
        yield from (one for one in group if _leads_on(one, first, fetch))


def _leads_on(form: Pagination, first: Page, fetch: Fetch) -> bool:
    target = form.next_target(first, len(first.rows))
    page = None if target is None else _page(target, fetch)
    return page is not None and page.is_other_than(first)


def _page(target: Target, fetch: Fetch) -> Page | None:
    """The page at `target`; None if it is refused. Raises ServiceFailed: there is no complete response."""
    reply = fetch(target)
    if reply.status is None:  # many more requests could take as long
        raise ServiceFailed(str(reply))
    return page_of(reply, target) if reply.ok else None


def _key(time: str, number: str, page: Page) -> Mapping[str, Any]:
    return {time: page.rows[-1].get("started_at"), number: page.rows[-1].get("id")}


def _id(name: str, page: Page) -> Mapping[str, Any]:
    return {name: page.rows[-1].get("id")}


def _time(name: str, page: Page) -> Mapping[str, Any]:
    return {name: page.rows[-1].get("started_at")}


def _span(start: str, end: str, page: Page) -> Mapping[str, Any]:
    last = _last_moment(page)
    return {} if last is None else {start: f"{(last - SPAN).isoformat()}Z", end: f"{last.isoformat()}Z"}


def _day_before(name: str, page: Page) -> Mapping[str, Any]:
    last = _last_moment(page)
    return {} if last is None else {name: (last.date() - timedelta(days=1)).isoformat()}


def _last_moment(page: Page) -> datetime | None:
    """When the page's last log started; None if that is not said, or too early to have anything before it."""
    found = parse_timestamp(page.rows[-1].get("started_at"))
    return None if found is None or found < datetime.min + SPAN else found
