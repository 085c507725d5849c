"""A fix's migration as an ordinary revision: its place in a history changes, and what it does stays."""

import ast

from lab.catalog.revision_file import does_nothing, plain_revision
from tests.conftest import PROJECT


def test_an_ordinary_revision_has_its_place_and_no_comments() -> None:
    text = (PROJECT / "fixes/05_started_at_index/migration.py").read_text()
    plain = plain_revision(text, "0003", "0002")
    assert "Revision ID: 0003\nRevises: 0002\n" in plain
    assert 'revision = "0003"\ndown_revision = "0002"\nbranch_labels = None\ndepends_on = None\n' in plain
    assert "#" not in plain
    assert ast.dump(_function(plain, "downgrade")) == ast.dump(_function(text, "downgrade"))


def test_an_ordinary_revision_keeps_what_only_looks_like_a_comment() -> None:
    text = 'revision = "fix_1"\nCOLOUR = "#fff"  # white\n\n# all of it\nNOTE = """\n# kept\n"""\n'
    assert plain_revision(text, "0003", "0002") == (
        'revision = "0003"\nCOLOUR = "#fff"\n\nNOTE = """\n# kept\n"""\n'
    )


def test_a_migration_without_statements_changes_no_schema() -> None:
    found = {path.parent.name[:2]: does_nothing(path) for path in PROJECT.glob("fixes/*/migration.py")}
    assert found["01"] is True
    assert found["05"] is False


def _function(text: str, name: str) -> ast.FunctionDef:
    return next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == name)
