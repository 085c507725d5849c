"""Run the candidate's revisions up, down and up again, and find what is wrong with what they did."""

import re
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise

import psycopg2

from lab.engine.candidate_history import CandidateHistory, Compared
from lab.engine.catalogue import Catalogue, catalogue
from lab.engine.fingerprint import schema_rows
from lab.engine.kept_rows import DatabaseRows, Remembered, Rows, lost
from lab.engine.recorded_revisions import recorded
from lab.engine.revisions import Revision
from lab.engine.watched import Failure, Statement
from lab.errors import EnvironmentFault, LabError
from lab.progress import Progress, Update
from lab.review.downgrade import failed_downgrade, left_by_downgrade
from lab.review.failures import at_failure, capital, failed
from lab.review.finding import Basis, Finding
from lab.review.leftovers import leftovers
from lab.review.linter import linted
from lab.review.old_code import broken
from lab.review.source import Source
from lab.review.statement_findings import in_downgrade, in_upgrade, statement_of
from lab.review.traces import SchemaRows
from lab.review.work import Tables, tables_of
from lab.review.writer import writing
from lab.sentences import sentence

AT_HEAD = "models, rows and names"
"""What is compared at the last revision."""

NOT_RECORDED = "Alembic has ended, and the revision's state is not what it should be"
ONLY_IN_DATABASE = "only in the database"
"""The end of Alembic's comparison on what no model declares: see `guest/history.py`."""

TAKES = re.compile(
    r"\b(?:DELETE|TRUNCATE|DROP|ALTER|MERGE|DO|CALL)\b|\bUPDATE\b(?!\s+alembic_version\b)", re.I
)
BASELINE = 0.3
"""Seconds for which the writers run before any migration."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The upgrade to one revision: its statements, its seconds, and the slowest write to each table."""

    revision: Revision
    statements: tuple[Statement, ...]
    seconds: float
    waits: dict[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found, and the upgrades. `usual_write` is the slowest write before any of them.

    `not_measured` names what was not, because an upgrade failed.
    """

    findings: tuple[Finding, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    usual_write: float = 0.0
    not_measured: tuple[str, ...] = ()


def measure(
    candidate: CandidateHistory,
    own: Sequence[Revision],
    sources: Mapping[str, Source],
    head: str,
    pristine: str,
    progress: Progress,
) -> Measured:
    """Run the `own` revisions, those above `head`, in the candidate's database; `pristine` is a copy of it.

    Raises:
        EnvironmentFault: the database or the walls fail.
        LabError: what the migrations made of the database cannot be read.
    """
    if not own:
        return Measured()
    try:
        before = catalogue(candidate.url)
        with closing(DatabaseRows(pristine)) as rows:
            known = Remembered(rows)
            run = _Run(candidate, own, sources, head, known, before, tables_of(before), progress)
            return run.measure()
    except psycopg2.OperationalError as error:
        raise EnvironmentFault(sentence(f"The database failed: {_reason(error)}")) from error
    except psycopg2.Error as error:
        raise LabError(sentence(f"The migrated database cannot be read: {_reason(error)}")) from error


@dataclass
class _Run:
    """`rows` are those before the migrations, `before` is the catalogue, `tables` are the tables in use."""

    candidate: CandidateHistory
    own: Sequence[Revision]
    sources: Mapping[str, Source]
    head: str
    rows: Rows
    before: Catalogue
    tables: Tables
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    upgrades: list[Upgrade] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    never: set[tuple[str, str]] = field(default_factory=set)
    """The tables that could not be used in this way before either."""

    def measure(self) -> Measured:
        with writing(self.candidate.url, self.before) as waits:
            time.sleep(BASELINE)
        usual = waits.worst[1]
        self.never |= {(one.table, one.verb) for one in broken(self.candidate.url, self.before)}
        is_line = all(above.parents == (below.id,) for below, above in pairwise(self.own))
        first = schema_rows(self.candidate.url)
        for revision in self.own:
            before = schema_rows(self.candidate.url)
            if not self._upgrade(revision):
                self._find_leftovers({}, {"invalid-index"})
                not_measured = (f"the downgrade of {revision.id}", *self._later(revision), AT_HEAD)
                return self._measured(usual, not_measured)
            self._compare_rows(revision, self.upgrades[-1].statements)
            if revision is self.own[-1]:
                self._at_head()
            if is_line and not self._there_and_back(revision, revision.parents[0], before):
                later = self._later(revision)
                return self._measured(usual, (*later, AT_HEAD) if later else ())
        if not is_line:
            self._there_and_back(self.own[-1], self.head, first)
        self._compare_rows(self.own[-1], ())
        return self._measured(usual)

    def _at_head(self) -> None:
        """Find what is wrong with the schema as all revisions made it, and with their statements."""
        self.progress(Update("Comparing models and schema"))
        compared = self.candidate.compare()
        self._find_leftovers(compared.convention)
        self._compare_models(compared)
        self._old_code()
        self.findings += linted(self._statements(), self.sources)

    def _measured(self, usual: float, not_measured: tuple[str, ...] = ()) -> Measured:
        return Measured(tuple(self.findings), tuple(self.upgrades), usual, not_measured)

    def _later(self, revision: Revision) -> tuple[str, ...]:
        """Return the names of the revisions after this one."""
        return tuple(f"revision {one.id}" for one in self.own[self.own.index(revision) + 1 :])

    def _there_and_back(self, revision: Revision, target: str, before: SchemaRows) -> bool:
        """Take the revision back, to the target; compare the schema with that `before`; upgrade again.

        Return whether the database is upgraded then.
        """
        self.progress(Update(f"Downgrading {revision.id}"))
        run = self.candidate.watched("downgrade", target)
        self.findings += in_downgrade(run.statements, self.sources, self.tables)
        failure = run.failure
        if failure is None and revision.id in recorded(self.candidate.url):
            failure = Failure(NOT_RECORDED)
        if failure:
            self._add(failed_downgrade(failure, self.sources), revision)
            return revision.id in recorded(self.candidate.url)
        now = schema_rows(self.candidate.url)
        self.findings += left_by_downgrade(self.sources[revision.file], run.statements, before, now)
        self._compare_rows(revision, run.statements, " after the downgrade")
        self.progress(Update(f"Upgrading to {revision.id} again"))
        if failure := self.candidate.watched("upgrade", revision.id).failure:
            self._add(at_failure("upgrade-not-repeatable", failure, self.sources), revision)
        return failure is None

    def _statements(self) -> tuple[Statement, ...]:
        return tuple(one for upgrade in self.upgrades for one in upgrade.statements)

    def _add(self, found: Finding, revision: Revision) -> None:
        """Add the finding; if no file is known, to that of the revision."""
        self.findings.append(
            found if found.file in self.sources else replace(found, file=revision.file, line=0)
        )

    def _upgrade(self, revision: Revision) -> bool:
        """Upgrade to the revision. Return whether that succeeded."""
        self.progress(Update(f"Upgrading to {revision.id} {revision.message}".rstrip()))
        begun = time.monotonic()
        with writing(self.candidate.url, self.before) as waits:
            run = self.candidate.watched("upgrade", revision.id)
        seconds = sum(one.seconds for one in run.statements) or time.monotonic() - begun
        self.upgrades.append(Upgrade(revision, run.statements, round(seconds, 3), dict(waits.slowest)))
        self.findings += in_upgrade(run.statements, self.sources, self.tables)
        failure = run.failure
        if failure is None and revision.id not in recorded(self.candidate.url):
            failure = Failure(NOT_RECORDED)
        if failure:
            self._add(failed(failure, self.sources, run.statements), revision)
        return failure is None

    def _at(self, id_: str, seen: str, names: Sequence[str]) -> None:
        """Add a finding at the last statement with these names; without one, at the last file."""
        statements = self._statements()
        self._at_statement(id_, seen, _naming(statements, names))

    def _at_statement(
        self, id_: str, seen: str, one: Statement | None, revision: Revision | None = None
    ) -> None:
        """Add a finding at the statement; without one, at the file of the revision (default: the last)."""
        source = self.sources.get(one.file) if one else None
        whole = (revision or self.own[-1]).file
        file, line = (source.file, source.start_of(one.line)) if source and one else (whole, 0)
        self.findings.append(Finding(id_, file, line, Basis.MEASURED, seen))

    def _find_leftovers(self, convention: Mapping[str, str], only: Collection[str] = ()) -> None:
        for one in leftovers(self.before, catalogue(self.candidate.url), convention):
            if not only or one.id in only:
                self._at(one.id, one.seen, one.names)

    def _compare_models(self, compared: Compared) -> None:
        if compared.problem:
            self._at("model-without-migration", capital(compared.problem), ())
            return
        partitions = {one.name for one in catalogue(self.candidate.url).tables if one.is_partition}
        for text, names in zip(compared.differences, compared.names, strict=True):
            if partitions & set(names):
                continue
            if text.endswith(ONLY_IN_DATABASE):
                self._at("schema-without-model", capital(text), names)
            else:
                one = _naming(self._statements(), names)
                file = one.file if one and one.file in self.sources else self.own[-1].file
                seen = capital(text)
                self.findings.append(Finding("model-without-migration", file, 0, Basis.MEASURED, seen))

    def _compare_rows(self, revision: Revision, ran: Sequence[Statement], when: str = "") -> None:
        """Find the rows that are gone, each once; at the statement that took them if one is known.

        Where nothing that `ran` can take rows, it is left to the last comparison.
        """
        if ran and not any(TAKES.search(one.sql) for one in ran):
            return
        told = {place.partition(".")[0] for place in self.gone}
        whole = {
            name: types for name, types in self.rows.relations().items() if name.partition(".")[2] not in told
        }
        with closing(DatabaseRows(self.candidate.url)) as rows:
            gone = list(lost(whole, self.rows, rows))
        statements = [] if when else self._statements()
        for place, what in gone:
            if place not in self.gone:
                self.gone.add(place)
                table, _, column = place.partition(".")
                one = _taking(statements, table, column)
                self._at_statement("data-lost", f"{place}: {what}{when}.", one, revision)

    def _old_code(self) -> None:
        for one in broken(self.candidate.url, self.before):
            if (one.table, one.verb) in self.never:
                continue
            seen = f"Shipped code can't {one.verb} rows of {one.table}: {one.reason}."
            self._at("old-code-breaks", seen, one.names)


def _naming(statements: Sequence[Statement], names: Sequence[str]) -> Statement | None:
    """Return the last statement with all of the names; else with the first, else with the last of them."""
    found = statement_of(statements, *names) or statement_of(statements, *names[:1])
    return found or statement_of(statements, *names[-1:])


def _taking(statements: Sequence[Statement], table: str, column: str) -> Statement | None:
    """Return the last statement that can have taken values of the table."""
    able = [one for one in statements if TAKES.search(one.sql)]
    return (statement_of(able, table, column) if column else None) or statement_of(able, table)


def _reason(error: psycopg2.Error) -> str:
    return " ".join(str(error).split())
