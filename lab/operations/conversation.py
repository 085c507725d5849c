"""Requests to the prober in a box, and its replies: one line of JSON each.

Here the system in the box looks like one that runs outside, as `lab.operations.contract.Side`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab.engine.kept_rows import Relations
from lab.errors import EnvironmentFault
from lab.probing.contract.script import Task, Transcript
from lab.shadow.system import Given, System


@dataclass(frozen=True, slots=True)
class Start:
    """What the system is started with: see `lab.shadow.system.system`."""

    rows: str
    given: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class BoxRequest:
    """One request: the one field that is set. `total` and `hashes` are of a table and its columns."""

    start: Start | None = None
    play: tuple[Task, ...] = ()
    relations: bool = False
    total: tuple[str, tuple[str, ...]] | None = None
    hashes: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class BoxReply:
    """The reply to one request. To `start`, it is the fields of the system; `refused` says what failed."""

    transcripts: tuple[Transcript, ...] = ()
    relations: dict[str, dict[str, str]] = field(default_factory=dict)
    total: tuple[int, str] = (0, "")
    hashes: tuple[int, ...] = ()
    problem: str = ""
    migration_problem: str = ""
    refused: str = ""


class Unreadable(EnvironmentFault):
    """The database in the box cannot be read: what the migrations made of it is in the way."""


Ask = Callable[[BoxRequest], BoxReply]


def reply_to(system: System, request: BoxRequest) -> BoxReply:
    """Return what the system replies to the request. Raises psycopg2.Error: its database cannot be read."""
    if request.total:
        return BoxReply(total=system.rows.total(*request.total))
    if request.hashes:
        return BoxReply(hashes=tuple(system.rows.hashes(*request.hashes)))
    if request.relations:
        return BoxReply(relations=system.rows.relations())
    return BoxReply(transcripts=tuple(system.play(request.play)))


@dataclass(frozen=True, slots=True)
class _Rows:
    ask: Ask

    def relations(self) -> Relations:
        return self.ask(BoxRequest(relations=True)).relations

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        return self.ask(BoxRequest(total=(relation, tuple(columns)))).total

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        return list(self.ask(BoxRequest(hashes=(relation, tuple(columns)))).hashes)


@dataclass(frozen=True, slots=True)
class BoxedSystem:
    """The system in the box. Each method sends a request to the prober, and raises what `ask` does."""

    ask: Ask
    stop: Callable[[], None]
    rows: _Rows
    before: Relations
    problem: str
    migration_problem: str

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        return list(self.ask(BoxRequest(play=tuple(tasks))).transcripts)


@contextmanager
def boxed_system(ask: Ask, stop: Callable[[], None], rows: str, given: Given) -> Iterator[BoxedSystem]:
    """Start the system in the box. It ends with the box, which `stop` ends at once."""
    variables = {service: dict(values) for service, values in given.items()}
    reply = ask(BoxRequest(start=Start(rows, variables)))
    yield BoxedSystem(ask, stop, _Rows(ask), reply.relations, reply.problem, reply.migration_problem)
