"""Run Alembic in the candidate's history. Their code is not trusted: it runs in a process behind a wall."""

import json
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import psycopg2

from lab import sandbox
from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.engine.history_events import (
    Event,
    Lines,
    convention_of,
    failure_of,
    history_of,
    statements_of,
    text_in,
    texts_in,
)
from lab.engine.revisions import History
from lab.engine.watched import Failure, MigrationFailed, Watched
from lab.errors import EnvironmentFault, LabError, TimedOut
from lab.library import PACKAGE
from lab.sandbox import CODE, Bounds, Means, Wall
from lab.sentences import printable, sentence

VARIABLES = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
GUEST = Path(__file__).resolve().parent / "guest"
GUEST_INSIDE = Path("/opt/alembic")
QUICK = Bounds(seconds=60.0)
"""For a command that changes nothing in the database."""

WATCHED = 180.0
"""Seconds for migrations that are watched."""

REPORTED = 256 * 2**20
"""Bytes that a watched run may write: its reports are among them."""

LONG = Bounds(seconds=4 * 3600.0, memory=None)
"""For the user's own migrations on their own rows: an index on many of them takes time and memory."""

NO_PARALLEL_WORKERS = "-c max_parallel_maintenance_workers=0 -c max_parallel_workers_per_gather=0"
"""For watched migrations: what parallel workers read is not counted with their leader's rows."""

END_SESSIONS = """
SELECT pg_catalog.pg_terminate_backend(pid, 5000::pg_catalog.int8) FROM pg_catalog.pg_stat_activity
 WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()
"""

END_OTHERS = """
SELECT pg_catalog.pg_terminate_backend(pid, 5000::pg_catalog.int8) FROM pg_catalog.pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""

Running = Callable[[str], None]
"""Gets the id of each revision when it begins to run."""


@dataclass(frozen=True, slots=True)
class Written:
    """A revision's file that Alembic has written: its path in the folder, and whether it changes nothing."""

    file: str
    empty: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """The revisions of the files, and how the models differ from the database.

    `names` has for each difference the name of what differs and of its table. `convention` is that of the
    models' names, by kind. `problem` says why they were not compared, such as a database that is
    not at the head; empty if they were.
    """

    history: History
    differences: tuple[str, ...] = ()
    problem: str = ""
    names: tuple[tuple[str, ...], ...] = ()
    convention: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CandidateHistory:
    """The history in `code`, a copy of the candidate's code that the walled process can read, or write.

    `url` is that of the database for its owner; empty if none is needed. `regain` is called after
    each run of their code: it lets an owner who was locked out in again, and tells that in a clause.

    All methods raise LabError if the candidate's code fails, with its file and line, and TimedOut if it does
    not end. Their texts are printable, whatever the candidate's code contains.
    """

    code: Path
    url: str
    means: Means
    regain: Callable[[], str] = lambda: ""
    _name: str = field(default_factory=lambda: f"lab migration {uuid4().hex[:8]}")

    def read(self) -> History:
        """Return the revisions of the files."""
        return history_of(self._run("history", QUICK))

    def compare(self) -> Compared:
        """Return the revisions of the files, and how the models differ from the database."""
        events = list[Event]()
        problem = ""
        try:
            self._run("compare", QUICK, events.append)
        except LabError as error:
            if not any(one["kind"] == "read" for one in events):
                raise
            problem = str(error)
        found = [one for one in events if one["kind"] == "difference"]
        return Compared(
            history_of(events),
            tuple(text_in(one, "text") for one in found),
            problem,
            tuple(texts_in(one, "names") for one in found),
            next((convention_of(one) for one in events if one["kind"] == "convention"), {}),
        )

    def upgrade(self, target: str, running: Running) -> None:
        """Upgrade to the revision. After an error or ^C, no statement of it runs on in the server."""
        self._migrate("upgrade", target, running)

    def downgrade(self, target: str, running: Running) -> None:
        """Downgrade to the revision, as `upgrade` does."""
        self._migrate("downgrade", target, running)

    def watched(
        self, verb: Literal["upgrade", "downgrade"], target: str, seconds: float | None = None
    ) -> Watched:
        """Run the verb and return what each statement did, also if it fails.

        It fails if it takes more than `seconds` (default: WATCHED). Every session of the owner is ended
        afterwards, so the database must be one to measure on. Raises EnvironmentFault: the wall cannot be
        made, or those sessions cannot be ended.
        """
        events = list[Event]()
        failure: Failure | None = None
        seconds = WATCHED if seconds is None else seconds
        bounds = Bounds(seconds=seconds, output=REPORTED)
        try:
            self._run(verb, bounds, events.append, watch=True, target=target)
        except TimedOut:
            failure = Failure(f"did not end within {seconds:g} s", late=True)
        except EnvironmentFault:
            raise
        except LabError as error:
            failure = error.failure if isinstance(error, MigrationFailed) else Failure(str(error).rstrip("."))
        finally:
            self._end_others()
        return Watched(statements_of(events), failure)

    def write(self, message: str, id_: str | None, *, autogenerate: bool) -> Written:
        """Write a revision on the only head in the folder, which the walled process must own.

        With `autogenerate`, it holds the differences. Without an id, Alembic makes one.
        """
        options: dict[str, Any] = {"message": message, "id": id_, "autogenerate": autogenerate}
        for one in self._run("revision", QUICK, writable=True, **options):
            if one["kind"] == "written":
                return Written(text_in(one, "file"), one.get("empty") is True)
        raise LabError("Alembic has written no file.")

    def _migrate(self, verb: str, target: str, running: Running) -> None:
        def tell(event: Event) -> None:
            if event["kind"] == "running":
                running(text_in(event, "id"))

        try:
            self._run(verb, LONG, tell, target=target)
        except BaseException:
            with suppress(LabError, psycopg2.Error):  # the error that is handled says more
                self._end_sessions()
            raise

    def _run(
        self,
        command: str,
        bounds: Bounds,
        tell: Callable[[Event], None] = lambda _: None,
        *,
        writable: bool = False,
        watch: bool = False,
        **options: object,
    ) -> list[Event]:
        folders, code = {GUEST: GUEST_INSIDE}, {self.code: CODE}
        wall = Wall(
            folders if writable else {**folders, **code},
            code if writable else {},
            hidden=(PACKAGE,),
            network=True,
            environment=self._environment(watch=watch),
            folder=self.code,
        )
        program = wall.inside(GUEST / "history.py", self.means)
        if watch:
            options["watch"] = True
        events, lines = list[Event](), Lines()

        def received(part: bytes) -> None:
            for event in lines.events(part):
                events.append(event)
                tell(event)

        locked = ""
        try:
            finished = sandbox.run(
                [sys.executable, "-P", program],
                wall,
                bounds,
                self.means,
                stdin=json.dumps({"command": command, **options}).encode(),
                received=received,
            )
        finally:
            if self.url:
                locked = self.regain()
        for event in events:
            if event["kind"] == "error":
                raise _error(event)
        if locked:
            raise MigrationFailed(sentence(f"{locked[0].upper()}{locked[1:]}"), Failure(locked))
        if finished.code != 0:
            last = (
                f" ({printable(replace(finished, stdout=b'').last_line)})" if finished.stderr.strip() else ""
            )
            raise LabError(f"Alembic has ended without a result: exit code {finished.code}{last}.")
        if not any(one["kind"] == "done" for one in events):
            raise LabError("Alembic has ended without a result: the code has ended its process.")
        return events

    def _environment(self, *, watch: bool) -> Mapping[str, str]:
        found = {**VARIABLES, "LAB_DATABASE_URL": self.url, "PGAPPNAME": self._name}
        if watch:
            found["PGOPTIONS"] = NO_PARALLEL_WORKERS
        if self.url and (address := _address(DatabaseUrl.parse(self.url).host)):
            found["PGHOSTADDR"] = address
        return found

    def _end_others(self) -> None:
        """End the other sessions of the owner in this database, whatever they call themselves."""
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(END_OTHERS)

    def _end_sessions(self) -> None:
        """End what a killed process left in the server: its statement would go on."""
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(END_SESSIONS, (self._name,))


def _error(event: Event) -> LabError:
    told = failure_of(event)
    place = f"{told.file}, line {told.line}, failed: " if told.file else ""
    return MigrationFailed(sentence(f"{place}{told.reason}"), told)


def _address(host: str) -> str:
    """Return the IP address of a host whose name cannot be resolved behind a wall; else an empty text."""
    with suppress(ValueError):
        ip_address(host)
        return ""
    with suppress(OSError):
        return "" if host == "localhost" else str(socket.getaddrinfo(host, None)[0][4][0])
    return ""
