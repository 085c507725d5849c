"""A failure becomes a finding with its place, if that is in a revision."""

from lab.engine.watched import Failure, Statement
from lab.review.failures import failed
from lab.review.source import Source

SOURCES = {"r.py": Source("r.py", "\n".join(f"x{n} = {n}" for n in range(20)))}


def statement(sql: str) -> Statement:
    return Statement(sql, "r.py", 3, 0.5, "", transaction="2/7", in_transaction=True)


def test_a_failure_in_a_transaction_names_what_cannot_run_there() -> None:
    refused, made = Failure("no", "r.py", 3, "25001"), statement("CREATE INDEX CONCURRENTLY i ON hot (a)")
    assert failed(refused, SOURCES, [made]).id == "concurrently-in-a-transaction"
    assert failed(refused, SOURCES, [statement("SET TRANSACTION")]).id == "does-not-run"
    found = failed(Failure("relation x is missing", "r.py", 3, "42P01"), SOURCES)
    assert (found.id, found.line, found.seen) == ("does-not-run", 3, "Relation x is missing.")
    late = failed(Failure("did not end within 3 s", late=True), SOURCES)
    assert (late.id, late.seen) == ("does-not-end", "It did not end within 3 s.")
    elsewhere = failed(Failure("no module x", "app/models.py", 3), SOURCES)
    assert (elsewhere.file, elsewhere.line, elsewhere.seen) == ("", 0, "App/models.py, line 3: no module x.")
