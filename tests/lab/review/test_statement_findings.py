"""What statements did becomes findings: locks that stop writers, rows worked on, rewritten tables."""

from typing import Any

import pytest

from lab.engine.watched import Failure, Statement, Watched
from lab.review.source import Source
from lab.review.statement_findings import findings_of, in_downgrade, in_upgrade, statement_of
from lab.review.work import LARGE, Tables

HOT, SMALL, NEW = 1, 2, 3
TABLES = Tables({HOT: "hot", SMALL: "small"}, {HOT: "hot"})
SOURCE = Source("r.py", "\n".join(f"x{n} = {n}" for n in range(20)))


def statement(sql: str = "ALTER TABLE hot", **given: Any) -> Statement:
    values: dict[str, Any] = {"line": 3, "transaction": "2/7", "in_transaction": True} | given
    return Statement(sql, values.pop("file", "r.py"), values.pop("line"), 0.5, "", **values)


SOURCES = {"r.py": SOURCE}


def ids(*statements: Statement) -> list[str]:
    return [one.id for one in in_upgrade(statements, SOURCES, TABLES)]


def lock(mode: str = "ShareLock", table: int = HOT) -> dict[str, Any]:
    return {"locks": ((table, mode),)}


def rows(read: int = 0, wrote: int = 0, table: int = HOT) -> dict[str, Any]:
    return {"tables": ((table, "hot", read, wrote),)}


def test_rows_that_are_worked_on_under_a_lock_that_stops_writers_are_a_problem() -> None:
    (found,) = in_upgrade([statement(**lock(), **rows(LARGE))], SOURCES, TABLES)
    assert (found.id, found.line) == ("lock-held-while-working", 3)
    assert found.seen == "10,000 rows were read under ShareLock on hot, in 0.5 s."


@pytest.mark.parametrize(
    "given",
    [
        lock() | rows(LARGE - 1),
        rows(LARGE),
        lock("ShareUpdateExclusiveLock") | rows(LARGE),
        lock(table=NEW) | rows(LARGE),
        lock() | rows(LARGE) | {"in_transaction": False},
    ],
    ids=["few rows", "no lock", "a lock that stops nobody", "a new table", "no transaction is open"],
)
def test_what_stops_no_writer_for_long_is_no_problem(given: dict[str, Any]) -> None:
    assert ids(statement(**given)) == []


def test_a_lock_of_an_earlier_statement_counts_until_its_transaction_ends() -> None:
    taken = statement(line=2, **lock())
    worked = {"line": 4, **lock(), **rows(LARGE)}
    assert [one.line for one in in_upgrade([taken, statement("SELECT", **worked)], SOURCES, TABLES)] == [4]
    later = statement("SELECT", **{**worked, "locks": (), "transaction": "2/8"})
    assert ids(taken, later) == []


def test_rows_are_counted_from_the_statement_before_in_the_same_transaction() -> None:
    first = statement("SELECT", **rows(LARGE))
    assert ids(first, statement(**lock(), **rows(LARGE + 5))) == []
    assert ids(first, statement(transaction="2/9", **lock(), **rows(LARGE + 5))) == [
        "lock-held-while-working"
    ]


def test_many_rows_written_in_one_transaction_are_told_once_at_the_statement_that_makes_them_many() -> None:
    half = LARGE // 2
    batches = [statement("UPDATE hot", line=n, **rows(wrote=half * n)) for n in (1, 2, 3)]
    found = list(in_upgrade(batches, SOURCES, TABLES))
    assert [(one.id, one.line) for one in found] == [("backfill-in-one-transaction", 2)]
    apart = [statement("UPDATE hot", transaction=f"2/{n}", **rows(wrote=half)) for n in range(5)]
    assert ids(*apart) == []


def test_a_rewritten_large_table_is_a_problem_and_a_small_or_emptied_one_is_none() -> None:
    assert ids(statement(rewritten=("hot",), **lock(), **rows(LARGE))) == ["table-rewritten"]
    assert ids(statement(rewritten=("small",))) == []
    assert ids(statement("TRUNCATE hot", rewritten=("hot",))) == []


def test_a_lock_without_a_timeout_is_told_once() -> None:
    unbounded = statement(bounded=False, **lock())
    assert ids(unbounded, statement(bounded=False, transaction="2/8", **lock())) == ["no-lock-timeout"]
    assert ids(statement(bounded=True, **lock())) == []


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("COMMIT", ["transaction-ended-by-hand"]),
        ("ROLLBACK TO SAVEPOINT a", []),
        ("COMMENT ON TABLE hot IS 'commit'", []),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON hot (a)", ["if-not-exists"]),
        ("CREATE EXTENSION IF NOT EXISTS pg_trgm", ["extension"]),
        ("DO $$ BEGIN x; EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'no'; END $$", ["error-swallowed"]),
        ("CREATE FUNCTION f() AS $$ EXCEPTION WHEN OTHERS THEN RETURN NULL; $$", []),
        ("DO $$ BEGIN x; EXCEPTION WHEN OTHERS THEN RAISE; END $$", []),
        ("DO $$ BEGIN x; EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION 'no'; END $$", []),
        ("DROP INDEX i", ["drop-index-not-concurrently"]),
        ("DROP INDEX CONCURRENTLY i", []),
    ],
)
def test_some_things_are_told_by_the_text_of_a_statement(sql: str, wanted: list[str]) -> None:
    assert ids(statement(sql, **lock("AccessExclusiveLock"))) == wanted


def test_a_statement_of_alembics_own_is_not_the_candidates() -> None:
    assert ids(statement("COMMIT", line=0)) == []


def test_a_downgrade_that_works_under_a_lock_is_told_once() -> None:
    done = [statement(**lock(), **rows(LARGE)), statement(transaction="2/8", **lock(), **rows(LARGE))]
    assert [one.id for one in in_downgrade(done, SOURCES, TABLES)] == ["downgrade-works-under-lock"]


def test_of_upgrades_in_one_go_only_problems_are_told_that_nothing_waives() -> None:
    waiver = Source("r.py", "a = 1\n# review: ignore[lock-held-while-working] at night\nb = 2\n")
    work = statement(bounded=False, **lock(), **rows(LARGE))
    assert [one.id for one in findings_of(Watched((work,)), SOURCES, TABLES)] == ["lock-held-while-working"]
    assert findings_of(Watched((work,)), {"r.py": waiver}, TABLES) == []
    unknown = Watched((), Failure("it ended without a word"))
    assert [one.id for one in findings_of(unknown, SOURCES, TABLES)] == ["does-not-run"]


def test_a_name_is_looked_for_as_a_word_and_the_last_statement_with_it_is_returned() -> None:
    first, second, third = (
        statement(sql, line=n) for n, sql in enumerate(("ADD a_b", "ADD a", "ADD ab"), start=1)
    )
    assert statement_of([first, second, third], "a") == second
    assert statement_of([first, second, third], "c") is None


def test_what_several_statements_of_one_line_did_is_one_finding() -> None:
    done = [statement(transaction=f"2/{n}", **lock(), **rows(LARGE + n)) for n in range(9)]
    (found,) = in_upgrade(done, SOURCES, TABLES)
    assert found.seen.count("rows were read") == 5
    assert found.seen.endswith("And 4 more.")


def test_a_failure_cannot_be_waived() -> None:
    text = "# review: ignore[does-not-run] it will do\na = 1\n"
    failure = Watched((), Failure("no", "r.py", 2))
    assert [one.id for one in findings_of(failure, {"r.py": Source("r.py", text)}, TABLES)] == [
        "does-not-run"
    ]


def test_rows_of_another_revision_in_the_same_transaction_are_not_counted_again() -> None:
    other = statement("SELECT", file="other.py", **rows(LARGE))
    assert ids(other, statement(**lock(), **rows(LARGE + 1))) == []


def test_a_statement_after_which_nothing_was_asked_is_counted_with_the_next_one() -> None:
    lock_table = statement("LOCK hot", line=2, transaction="")
    found = in_upgrade([lock_table, statement(line=4, **lock(), **rows(LARGE))], SOURCES, TABLES)
    assert [(one.id, one.line) for one in found] == [("lock-held-while-working", 4)]


def test_the_statement_that_took_the_lock_is_named_where_a_later_one_works() -> None:
    taken = statement("ALTER TABLE hot ADD a int", line=2, **lock("AccessExclusiveLock"))
    worked = statement("UPDATE hot SET a = 1", line=4, **lock("AccessExclusiveLock"), **rows(LARGE, 7))
    (found,) = in_upgrade([taken, worked], SOURCES, TABLES)
    assert found.seen.startswith(
        "10,000 rows were read and 7 rows were written under AccessExclusiveLock on hot, which line 2 took"
    )


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("CREATE INDEX i ON hot (a)", ["no-lock-timeout", "lock-held-while-working"]),
        ('CREATE INDEX "MyIx" ON hot (a)', ["no-lock-timeout", "lock-held-while-working"]),
        ("CREATE INDEX i ON public.hot (a)", ["no-lock-timeout", "lock-held-while-working"]),
        ("CREATE INDEX i ON HOT (a)", ["no-lock-timeout", "lock-held-while-working"]),
        ("CREATE INDEX i\n  ON hot (a)", ["no-lock-timeout", "lock-held-while-working"]),
        ("CREATE INDEX CONCURRENTLY i ON hot (a)", []),
        ("CREATE INDEX  CONCURRENTLY i ON hot (a)", []),
        ('DROP INDEX "x"', ["no-lock-timeout"]),
        ("VACUUM FULL hot", ["no-lock-timeout"]),
        ("VACUUM (VERBOSE, FULL) hot", ["no-lock-timeout"]),
        ("VACUUM (VERBOSE, ANALYZE) hot", []),
        ("REINDEX (VERBOSE) TABLE hot", ["no-lock-timeout"]),
        ("REINDEX (VERBOSE)\n  TABLE CONCURRENTLY hot", []),
        ("CREATE INDEX i ON small (a)", ["no-lock-timeout"]),
        ("ALTER TABLE hot ADD CONSTRAINT c CHECK (a > 0)", ["no-lock-timeout", "lock-held-while-working"]),
        (
            "ALTER TABLE public.hot ADD CONSTRAINT c CHECK (a > 0)",
            ["no-lock-timeout", "lock-held-while-working"],
        ),
        ("ALTER TABLE hot ADD CONSTRAINT c CHECK (a > 0) NOT VALID", ["no-lock-timeout"]),
        ("ALTER TABLE hot ADD CONSTRAINT c CHECK (a > 0)\n  NOT VALID", ["no-lock-timeout"]),
        ("ALTER TABLE hot ADD a int", ["no-lock-timeout"]),
        ("UPDATE hot SET a = 1", ["backfill-in-one-transaction"]),
        ("SELECT 1", []),
    ],
)
def test_outside_of_a_transaction_the_text_is_judged(sql: str, wanted: list[str]) -> None:
    assert ids(statement(sql, in_transaction=False, bounded=False, rows=50_000)) == wanted
