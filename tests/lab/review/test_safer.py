"""The safer form of a statement has the statement's own names."""

import ast

import pytest

from lab.review.safer import safer


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("CREATE INDEX ix_a ON t (a, b)", ['op.execute("CREATE INDEX CONCURRENTLY ix_a ON t (a, b)")']),
        (
            "CREATE UNIQUE INDEX ix ON t USING btree (a DESC) INCLUDE (b) WHERE c IS NULL;",
            ["CREATE UNIQUE INDEX CONCURRENTLY ix ON t USING btree (a DESC) INCLUDE (b) WHERE c IS NULL"],
        ),
        ("""CREATE INDEX ix ON "T" ("a")""", ["""CREATE INDEX CONCURRENTLY ix ON "T" ("a")"""]),
        ("""ALTER TABLE t ADD CONSTRAINT ck CHECK ("a" > 0)""", ["""CHECK ("a" > 0) NOT VALID"""]),
        (
            "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0)",
            ["CHECK (a > 0) NOT VALID", "VALIDATE CONSTRAINT ck"],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a)",
            ["CREATE UNIQUE INDEX CONCURRENTLY uq ON t (a)", "USING INDEX uq"],
        ),
        ("ALTER TABLE t VALIDATE CONSTRAINT ck", ["VALIDATE CONSTRAINT ck"]),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", ["CHECK (a IS NOT NULL) NOT VALID", "SET NOT NULL"]),
        ("ALTER TABLE t ALTER COLUMN a TYPE BIGINT", ["ADD COLUMN a_new BIGINT"]),
        ("UPDATE t SET a = 1", ["the UPDATE for some thousand rows at a time"]),
    ],
)
def test_the_safer_form_has_the_names_of_the_statement(sql: str, parts: list[str]) -> None:
    found = safer(sql, "lock-held-while-working")
    executed = [node.value for node in ast.walk(ast.parse(found)) if isinstance(node, ast.Constant)]
    text = "\n".join([found, *map(str, executed)])
    assert [part for part in parts if part not in text] == []
    assert max(map(len, found.splitlines())) <= 76


def test_a_column_whose_default_rewrites_the_table_gets_the_default_afterwards() -> None:
    found = safer("ALTER TABLE t ADD COLUMN a UUID DEFAULT gen_random_uuid()", "table-rewritten")
    added, default, _ = found.splitlines()
    assert added == 'op.execute("ALTER TABLE t ADD COLUMN a UUID")'
    assert default == 'op.execute("ALTER TABLE t ALTER a SET DEFAULT gen_random_uuid()")'


def test_what_the_text_does_not_tell_has_no_safer_form() -> None:
    assert safer("VACUUM FULL t", "table-rewritten") == ""
    assert safer("DO $$ BEGIN END $$", "lock-held-while-working") == ""
    assert safer("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX ix", "lock-held-while-working") == ""
    assert safer("UPDATE t SET a = 1", "error-swallowed") == ""
