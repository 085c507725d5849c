"""What is sent: scripts of requests, which can be sent to any number of systems and give the same names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Texts in `path`, `query` and `body` may have {names} of fresh rows and of saved values.

    route: the key of this request in contract.toml, such as `POST /things/{id}`.
    body: sent as JSON. `raw` is sent as it is, in its place, with `content_type`.
    saves: the names that members of the answer get, by the member: {"id": "entry"}.
    only: of each list in the answer, compare only the objects whose member of this name is a named value.
    light: it can be sent even while a bug is there that its route needs a fix of.
    """

    service: str
    route: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    raw: str | None = None
    content_type: str = "application/json"
    saves: Mapping[str, str] = field(default_factory=dict)
    only: str = ""
    light: bool = False

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Script:
    """Requests that are sent one after the other. `fresh` has the names of the spare rows that they need.

    Two scripts have no row in common, so they can be sent side by side. One that is `alone` sees what the
    others do, or changes a row of which there is only one: it is sent before them, and only once as a whole.
    """

    name: str
    calls: tuple[Call, ...]
    fresh: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A script with a spare row for each of its `fresh` names."""

    script: Script
    rows: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request, or why there was none. Times are Unix times in seconds."""

    status: int | None
    body: Any
    sent: float
    received: float
    problem: str = ""
    location: str = ""


Transcript = tuple[Answer, ...]
