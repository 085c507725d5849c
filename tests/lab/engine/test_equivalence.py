"""Objects that a candidate made are compared with those that a fix would make, and stay as they are."""

from lab.engine.equivalence import has_same_objects
from lab.engine.fingerprint import schema_fingerprint
from lab.operations.catalog import catalog_of
from tests.lab.conftest import Project


def test_a_table_with_other_columns_is_not_the_same(project: Project) -> None:
    (third,) = (fix for fix in catalog_of(project.workspace).fixes if fix.number == 3)
    for column, is_same in (
        ("place integer CONSTRAINT ck_waiting_place CHECK (place > 0)", True),
        ("place integer CONSTRAINT ck_waiting_place CHECK (place > 1)", False),
        ("place bigint CONSTRAINT ck_waiting_place CHECK (place > 0)", False),
        ("place integer NOT NULL CONSTRAINT ck_waiting_place CHECK (place > 0)", False),
    ):
        project.sql(f"CREATE TABLE waiting (id serial PRIMARY KEY, {column})")
        before = schema_fingerprint(project.url)
        assert has_same_objects(project.url, third) is is_same, column
        assert schema_fingerprint(project.url) == before
        project.sql("DROP TABLE waiting")
