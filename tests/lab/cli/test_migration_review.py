"""`lab migration review`: what it prints, in how many columns, its exit codes, JSON and SARIF."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from lab.cli import review_views
from lab.operations.review import Figure, Review
from lab.review.finding import Basis, Finding
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command
from tests.lab.cli.test_inspect_views import lines
from tests.lab.cli.test_migration import versions as versions

SCHEMA = json.loads((PROJECT / "docs" / "review.schema.json").read_text())
FILE = "migrations/versions/0003_index_the_start_of_execution_logs.py"
SAFER = "with op.get_context().autocommit_block():\n    op.create_index()"
LOCK = Finding("lock-held-while-working", FILE, 18, Basis.MEASURED, "500,000 rows were worked on.", SAFER)
WAIVED = Finding("table-rewritten", FILE, 18, Basis.MEASURED, "It was.", waived="at night")
ADVICE = Finding("no-lock-timeout", FILE, 18, Basis.MEASURED, "It asks for a lock.")
FIGURES = (Figure("0003", "index the start of execution logs", FILE, 0.42, 0.793, "execution_logs"),)
FOUND = Review("0002", ("0003",), (LOCK, ADVICE, WAIVED), FIGURES, 0.004, 500_000, 9.5)


def test_findings_are_told_with_place_what_was_seen_and_the_safer_form() -> None:
    shown = lines(review_views.review(FOUND))
    assert "problem: lock-held-while-working (measured)" in shown
    assert f"  {FILE}:18" in shown
    assert "    with op.get_context().autocommit_block():" in shown
    assert "  Waived: at night" in shown
    assert shown[-1] == "1 problem, 1 advice, 1 waived. Reviewed on 500,000 rows in 9.5 s."
    assert any("420 ms" in line and "793 ms, to execution_logs" in line for line in shown)


def test_in_80_columns_no_line_is_longer() -> None:
    name = "a_column_with_a_name_that_is_longer_than_most_and_has_no_space_in_it_anywhere_at_all"
    long = Finding(
        "data-lost", FILE, 18, Basis.MEASURED, f"{name}: 17 rows are gone.", f'op.execute("{name}")'
    )
    found = Review("0002", ("0003",), (long, *FOUND.findings), FIGURES, 0.004, 500_000, 9.5)
    assert max(map(len, lines(review_views.review(found), width=80))) <= 80


def test_without_a_problem_and_without_a_migration_it_says_so() -> None:
    good = Review("0002", ("0003",), (), FIGURES, 0.004, 500_000, 9.5)
    assert lines(review_views.review(good))[-1].startswith("No problem. Reviewed on")
    failed = Review("0002", ("0003",), (LOCK,), (), 0.0, 500_000, 9.5, ("revision 0004",))
    assert lines(review_views.review(failed))[-2:] == [
        "Not measured: revision 0004.",
        "1 problem. Nothing was run.",
    ]
    none = Review("0002", (), (), (), 0.0, 500_000, 1.0)
    assert lines(review_views.review(none))[0] == "There is nothing above the shipped head, 0002."


def write(versions: Path, upgrade: str, downgrade: str = "pass") -> None:
    (versions / "0003_step.py").write_text(
        f'"""step"""\n\nfrom alembic import op\n\nrevision = "0003"\ndown_revision = "0002"\n\n\n'
        f"def upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    {downgrade}\n"
    )


@pytest.mark.slow
def test_a_problem_is_exit_code_1_and_json_and_sarif_hold_it(
    up: None, command: Command, versions: Path, tmp_path: Path
) -> None:
    write(versions, 'op.execute("ALTER TABLE devices ADD room text")')
    done = command("migration", "review", "--json", "--sarif", tmp_path / "found.sarif")
    assert done.code == 1
    report = json.loads(done.stdout)
    jsonschema_rs.validator_for(SCHEMA).validate(report)
    assert {one["id"] for one in report["findings"] if one["severity"] == "problem"} == {
        "downgrade-missing",
        "schema-without-model",
        "upgrade-not-repeatable",
    }
    sarif = json.loads((tmp_path / "found.sarif").read_text())
    assert len(sarif["runs"][0]["results"]) == len(report["findings"])
    assert command("migration", "status").stdout.count(b"The database is at 0002") == 1


@pytest.mark.slow
def test_no_problem_is_exit_code_0_and_an_unknown_revision_2(
    up: None, command: Command, versions: Path
) -> None:
    made = """op.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")"""
    write(versions, made, 'op.execute("DROP FUNCTION one()")')
    done = command("migration", "review", "0003")
    assert (done.code, done.stdout.decode().splitlines()[-1][:11]) == (0, "No problem.")
    assert command("migration", "review", "0009").code == 2
    shipped = command("migration", "review", "0002")
    assert (shipped.code, b"Revision 0002 is a shipped one." in shipped.stderr) == (2, True)
