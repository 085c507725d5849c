"""The fingerprint changes with every change of the schema, and not with the order of the changes."""

import pytest

from lab.engine.fingerprint import schema_fingerprint
from tests.lab.conftest import Project

CHANGES = [
    'ALTER TABLE things ALTER COLUMN name TYPE varchar COLLATE "C"',
    "CREATE TABLE other (id integer)",
    "CREATE VIEW seen AS SELECT name FROM things",
    "CREATE INDEX ix_other ON things (name DESC)",
    "CREATE SEQUENCE numbers INCREMENT 2",
    "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer)",
    "CREATE TYPE colour AS ENUM ('red')",
    "CREATE DOMAIN positive AS integer CHECK (value > 0)",
    "CREATE SCHEMA more",
    "CREATE STATISTICS both_columns ON name, seen_at FROM things",
    "CREATE RULE quiet AS ON DELETE TO things DO INSTEAD NOTHING",
    "CREATE POLICY mine ON things USING (true)",
    "ALTER TABLE things ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE things ADD CONSTRAINT named CHECK (name <> '') NOT VALID",
    "ALTER TABLE things VALIDATE CONSTRAINT named",
    "ALTER TABLE things ALTER COLUMN name SET DEFAULT 'none'",
    "ALTER TABLE things ALTER COLUMN name SET STATISTICS 500",
    "ALTER TABLE things SET (fillfactor = 70)",
    "ALTER TABLE things REPLICA IDENTITY FULL",
    "GRANT SELECT ON things TO PUBLIC",
    "GRANT UPDATE (name) ON things TO PUBLIC",
    "COMMENT ON TABLE things IS 'what is seen'",
    "COMMENT ON COLUMN things.name IS 'its name'",
]


def test_every_change_of_the_schema_changes_it(project: Project) -> None:
    seen = {schema_fingerprint(project.url)}
    for statement in CHANGES:
        project.sql(statement)
        now = schema_fingerprint(project.url)
        assert now not in seen, statement
        seen.add(now)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("ALTER TABLE things ADD COLUMN size integer", "ALTER TABLE things DROP COLUMN size"),
        ("CREATE INDEX ix_other ON things (name)", "DROP INDEX ix_other"),
        ("CREATE SCHEMA lab", "INSERT INTO things (name) VALUES ('one more')"),
    ],
)
def test_a_schema_with_the_same_objects_has_the_same_fingerprint(
    project: Project, there: str, back: str
) -> None:
    before = schema_fingerprint(project.url)
    project.sql(there)
    project.sql(back)
    assert schema_fingerprint(project.url) == before
