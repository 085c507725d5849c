"""What a database says of its migrations is read from the database itself."""

import psycopg2
import pytest

from lab.engine.recorded_revisions import invalid_indexes, recorded
from tests.lab.conftest import Project


def test_a_database_without_the_table_of_alembic_has_no_revision(project: Project) -> None:
    project.sql("DROP TABLE alembic_version")
    assert recorded(project.url) == ()


def test_only_an_index_whose_build_failed_is_invalid(project: Project) -> None:
    project.sql("INSERT INTO things (name) VALUES ('one'), ('one')")
    assert invalid_indexes(project.url) == ()
    with pytest.raises(psycopg2.errors.UniqueViolation):
        project.sql("CREATE UNIQUE INDEX CONCURRENTLY ix_new ON things (name)")
    assert invalid_indexes(project.url) == ("ix_new",)
