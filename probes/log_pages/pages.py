"""One page of the execution logs: what was requested, and the rows in the response.

The rows are the body if it is a list, else its list with a name in LISTS, else the only list of objects with
an id, in the body or in a member of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lab.probing.client import Reply, objects

Row = dict[str, Any]

LISTS = ("logs", "items", "results", "data", "execution_logs", "rows")


@dataclass(frozen=True, slots=True)
class Target:
    """What is requested: query parameters, and a path, which is empty for the list's own."""

    query: Mapping[str, Any]
    path: str = ""


Fetch = Callable[[Target], Reply]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list. `document` is the whole body."""

    rows: tuple[Row, ...]
    document: Any
    headers: Mapping[str, str]
    target: Target

    @property
    def ids(self) -> tuple[Any, ...]:
        return tuple(row.get("id") for row in self.rows)

    def is_other_than(self, first: "Page") -> bool:
        """Whether it has rows, and does not begin as the first page does."""
        return bool(self.rows) and self.ids[0] != first.ids[0] and self.ids != first.ids


def page_of(reply: Reply, target: Target) -> Page | None:
    """The page in the reply to a request of `target`; None if no list of objects is found."""
    document = reply.json
    found = _rows(document)
    return None if found is None else Page(tuple(found), document, reply.headers, target)


def _rows(document: Any) -> list[Row] | None:
    if not isinstance(document, dict):
        return objects(document)
    for holder in _holders(document):
        for name in LISTS:
            if isinstance(holder.get(name), list):
                return objects(holder[name])
    lists = [value for holder in _holders(document) for value in holder.values() if isinstance(value, list)]
    if len(lists) > 1:
        lists = [found for found in lists if any(isinstance(one, dict) and "id" in one for one in found)]
    return objects(lists[0]) if len(lists) == 1 else None


def _holders(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    yield from (value for value in document.values() if isinstance(value, dict))
