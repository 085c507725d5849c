"""Run the candidate's revisions up, down and up again, and find what is wrong with what they did."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import psycopg2

from lab.engine.candidate_history import CandidateHistory, Compared
from lab.engine.catalogue import Catalogue, catalogue
from lab.engine.fingerprint import schema_rows
from lab.engine.revisions import History, Revision
from lab.engine.watched import Failure, Statement
from lab.errors import LabError
from lab.probing.contract.kept import DatabaseRows, Relations, lost
from lab.progress import Progress, Update
from lab.review.downgrade import failed_downgrade, left_by_downgrade
from lab.review.finding import Finding, How
from lab.review.leftovers import leftovers
from lab.review.linter import linted
from lab.review.old_code import broken
from lab.review.source import Source
from lab.review.traces import Rows
from lab.review.work import (
    Tables,
    capital,
    failed,
    in_downgrade,
    in_file,
    in_upgrade,
    statement_of,
    tables_of,
)
from lab.review.writer import writing

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
    """What was found, and the upgrades. `usual_write` is the slowest write before any of them."""

    findings: tuple[Finding, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    usual_write: float = 0.0


def measure(
    candidate: CandidateHistory,
    history: History,
    own: Sequence[Revision],
    sources: Mapping[str, Source],
    head: str,
    pristine: str,
    progress: Progress,
) -> Measured:
    """Run the `own` revisions, those above `head`, in the candidate's database; `pristine` is a copy of it.

    Raises LabError: Alembic ended without a word, or the database cannot be read.
    """
    if not own:
        return Measured()
    return _Run(candidate, history, own, sources, head, pristine, progress).measure()


@dataclass
class _Run:
    candidate: CandidateHistory
    history: History
    own: Sequence[Revision]
    sources: Mapping[str, Source]
    head: str
    pristine: str
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    upgrades: list[Upgrade] = field(default_factory=list)

    @cached_property
    def tables(self) -> Tables:
        return tables_of(self.here)

    @cached_property
    def here(self) -> Catalogue:
        """The catalogue before the migrations."""
        return catalogue(self.candidate.url)

    @cached_property
    def rows_before(self) -> tuple[DatabaseRows, Relations]:
        rows = _Unchanged(self.pristine)
        return rows, rows.relations()

    def measure(self) -> Measured:
        _ = self.here, self.tables
        schemas = list[Rows]()
        with writing(self.candidate.url, self.here) as waits:
            time.sleep(BASELINE)
        usual = waits.worst[1]
        for revision in self.own:
            self.progress(Update(f"Upgrading to {revision.id} {revision.message}".rstrip()))
            schemas.append(schema_rows(self.candidate.url))
            if not self._upgrade(revision):
                self._left_behind(failed=True)
                return self._measured(usual)
        self.progress(Update("Comparing models, schema and rows"))
        self._compare_models(self._left_behind())
        lost_at_once = self._compare_rows(self._statements())
        self._old_code()
        self.findings += linted(self._statements(), self.sources)
        if self._downgrade(schemas):
            if not lost_at_once:
                self._compare_rows(())
            self.progress(Update("Upgrading again"))
            failure = self.candidate.watched("upgrade", "head").failure
            if failure:
                self._add_failure("upgrade-not-repeatable", failure, self.own[-1])
        return self._measured(usual)

    def _measured(self, usual: float) -> Measured:
        return Measured(tuple(self.findings), tuple(self.upgrades), usual)

    def _statements(self) -> tuple[Statement, ...]:
        return tuple(one for upgrade in self.upgrades for one in upgrade.statements)

    def _upgrade(self, revision: Revision) -> bool:
        """Upgrade to the revision. Return whether that succeeded."""
        begun = time.monotonic()
        with writing(self.candidate.url, self.here) as waits:
            run = self.candidate.watched("upgrade", revision.id)
        statements = tuple(in_file(run.statements, revision.file))
        seconds = sum(one.seconds for one in statements) or time.monotonic() - begun
        self.upgrades.append(Upgrade(revision, statements, round(seconds, 3), dict(waits.slowest)))
        self.findings += in_upgrade(self._source(revision), statements, self.tables)
        if run.failure:
            self.findings.append(
                failed(run.failure, self.sources.get(run.failure.file, self._source(revision)))
            )
        return run.failure is None

    def _add_failure(self, id_: str, failure: Failure, revision: Revision) -> None:
        source = self.sources.get(failure.file, self._source(revision))
        line = source.start_of(failure.line) if failure.file == source.file else 0
        self.findings.append(Finding(id_, source.file, line, How.MEASURED, capital(failure.reason)))

    def _source(self, revision: Revision) -> Source:
        return self.sources[revision.file]

    def _at(self, id_: str, seen: str, names: Sequence[str], safe: str = "") -> None:
        """Add a finding at the last statement with these names; without one, at the last file."""
        statements = self._statements()
        one = statement_of(statements, *names) or statement_of(statements, *names[:1])
        file = one.file if one else self.own[-1].file
        line = self.sources[file].start_of(one.line) if one else 0
        self.findings.append(Finding(id_, file, line, How.MEASURED, seen, safe))

    def _left_behind(self, *, failed: bool = False) -> Compared:
        """Find what is left in the schema. Return how the models differ from it."""
        compared = self.candidate.compare()
        for one in leftovers(self.here, catalogue(self.candidate.url), compared.convention):
            if not failed or one.id == "invalid-index":
                self._at(one.id, one.seen, one.names)
        return compared

    def _compare_models(self, compared: Compared) -> None:
        if compared.problem:
            self.findings.append(
                Finding(
                    "model-without-migration", self.own[-1].file, 0, How.MEASURED, capital(compared.problem)
                )
            )
            return
        now = catalogue(self.candidate.url)
        partitions = {one.name for one in now.tables if one.is_partition}
        for text, names in zip(compared.differences, compared.names, strict=True):
            if partitions & set(names):
                continue
            if text.endswith("only in the database"):
                self._at("schema-without-model", capital(text), names)
            else:
                file = self._touching(names)
                self.findings.append(Finding("model-without-migration", file, 0, How.MEASURED, capital(text)))

    def _touching(self, names: Sequence[str]) -> str:
        one = statement_of(self._statements(), *names[-1:])
        return one.file if one else self.own[-1].file

    def _compare_rows(self, statements: Sequence[Statement]) -> bool:
        """Find the rows that are gone, at the statement that took them if one is known. Return if any is."""
        before, relations = self.rows_before
        rows = DatabaseRows(self.candidate.url)
        try:
            gone = list(lost(relations, before, rows))
        except (psycopg2.Error, LabError) as error:
            reason = " ".join(str(error).split())
            self._at("data-lost", capital(f"The rows cannot be read any more: {reason}"), ())
            return True
        for place, what in gone:
            table, _, column = place.partition(".")
            one = _taking(statements, table, column)
            file = one.file if one else self.own[-1].file
            line = self.sources[file].start_of(one.line) if one else 0
            when = "" if statements else " after the downgrade"
            self.findings.append(Finding("data-lost", file, line, How.MEASURED, f"{place}: {what}{when}."))
        return bool(gone)

    def _old_code(self) -> None:
        for one in broken(self.candidate.url, self.here):
            seen = f"Shipped code can't {one.verb} rows of {one.table}: {one.reason}."
            self._at("old-code-breaks", seen, one.names)

    def _downgrade(self, schemas: Sequence[Rows]) -> bool:
        """Take the revisions back, one by one where they are in a line. Return whether all went back.

        `schemas` has that before each of them.
        """
        steps = list(zip(self.own, schemas, strict=True))
        is_line = all(above.parents == (below.id,) for below, above in pairwise(self.own))
        for revision, before in reversed(steps if is_line else steps[:1]):
            self.progress(Update(f"Downgrading {revision.id}"))
            run = self.candidate.watched("downgrade", revision.parents[0] if is_line else self.head)
            for one in [revision] if is_line else self.own:
                statements = in_file(run.statements, one.file)
                self.findings += in_downgrade(self._source(one), statements, self.tables)
            if run.failure:
                source = self.sources.get(run.failure.file, self._source(revision))
                self.findings.append(failed_downgrade(run.failure, source))
                return False
            now = schema_rows(self.candidate.url)
            self.findings += left_by_downgrade(self._source(revision), run.statements, before, now)
        return True


class _Unchanged(DatabaseRows):
    """The rows of a database in which nothing changes: each total is asked for once."""

    @cached_property
    def _totals(self) -> dict[tuple[str, ...], tuple[int, str]]:
        return {}

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        key = (relation, *columns)
        if key not in self._totals:
            self._totals[key] = super().total(relation, columns)
        return self._totals[key]


def _taking(statements: Sequence[Statement], table: str, column: str) -> Statement | None:
    """Return the last statement that can have taken values of the table."""
    verbs = ("DELETE", "UPDATE", "TRUNCATE", "DROP", "ALTER")
    able = [one for one in statements if any(verb in one.sql.upper() for verb in verbs)]
    return (column and statement_of(able, table, column)) or statement_of(able, table)
