"""A revision's file is read without running it: where statements begin, what it is above, its waivers."""

from pathlib import Path

import pytest

from lab.review.finding import Basis, Finding
from lab.review.source import Source, by_rule, read_sources, waived

REVISION = '''\
"""add a column"""

import os

from alembic import op

revision = "0004"
down_revision = ("0002", "0003")


def upgrade():
    op.execute(
        "SELECT 1"
    )
    for _ in range(2):
        op.execute(
            "SELECT 2"
        )


def downgrade():
    """Nothing."""
    pass
'''


def rules(body: str) -> list[tuple[str, int]]:
    source = Source("r.py", body)
    return [(one.id, one.line) for one in by_rule(source, ["app"])]


def test_a_line_belongs_to_the_innermost_statement_that_has_it() -> None:
    source = Source("r.py", REVISION)
    assert [source.start_of(line) for line in (12, 13, 15, 17)] == [12, 12, 15, 16]
    assert source.start_of(999) == 999


def test_a_revision_names_itself_and_what_it_is_above() -> None:
    source = Source("r.py", REVISION)
    assert (source.ids, source.parents) == ({"0004"}, {"0002": 8, "0003": 8})
    assert Source("r.py", "down_revision: str = '1'").parents == {"1": 1}


def test_a_function_with_pass_and_a_docstring_is_empty() -> None:
    source = Source("r.py", REVISION)
    assert source.is_empty("downgrade")
    assert not source.is_empty("upgrade")


@pytest.mark.parametrize("text", ["def (", "\0", "(" * 5000])
def test_a_file_that_is_no_python_has_nothing(text: str) -> None:
    source = Source("r.py", text)
    assert (source.parents, source.waivers, list(by_rule(source, ["app"]))) == ({}, (), [])
    assert source.start_of(3) == 3


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("import app.models", [("app-code-imported", 1)]),
        ("from app.common import x", [("app-code-imported", 1)]),
        ("import application, apps.a", []),
        ("import os\nx = os.environ['A']", [("depends-on-environment", 2)]),
        ("import os\nif os.getenv(\n'A'):\n    pass", [("depends-on-environment", 2)]),
        ("import os\nx = os.path.join('a')", []),
        ("import datetime\nx = datetime.datetime.now()", [("depends-on-time", 2)]),
        ("from os import environ as e\nx = e['A']", [("depends-on-environment", 2)]),
        ("from datetime import datetime as dt\nx = dt.now()", [("depends-on-time", 2)]),
        ("import time\ntime.sleep(1)\nx = time.monotonic()", []),
        ("platform = 1\nx = platform.c.id", []),
        ("try:\n    op.execute('x')\nexcept sa.exc.DBAPIError:\n    pass", [("error-swallowed", 1)]),
        ("try:\n    op.execute('x')\nexcept:\n    pass", [("error-swallowed", 1)]),
        ("try:\n    op.execute('x')\nexcept (KeyError, Exception):\n    pass", [("error-swallowed", 1)]),
        ("try:\n    op.execute('x')\nexcept Exception:\n    raise", []),
        ("try:\n    op.execute('x')\nexcept KeyError:\n    pass", []),
        ("try:\n    x = int('1')\nexcept Exception:\n    pass", []),
        ("with suppress(Exception):\n    op.execute('x')", [("error-swallowed", 1)]),
        ("x = (" + " + ".join(["'a'"] * 3000) + ").replace('a', 'b')", []),
    ],
)
def test_some_things_are_told_by_the_text_of_a_file(body: str, found: list[tuple[str, int]]) -> None:
    assert rules(body) == found


def finding(line: int, id_: str = "table-rewritten") -> Finding:
    return Finding(id_, "r.py", line, Basis.MEASURED, "It was.")


def test_a_waiver_is_on_the_line_of_the_statement_or_alone_above_it() -> None:
    text = "# review: ignore[table-rewritten] it is empty\na = 1  # review: ignore[table-rewritten] same\n"
    source = Source("r.py", text)
    above, below = (list(waived(source, [finding(line)])) for line in (2, 3))
    assert above[0].waived == "it is empty"
    assert below[0].waived is None
    assert [one.id for one in below[1:]] == ["waiver-unused", "waiver-unused"]
    assert [one.id for one in waived(source, [finding(3)], complete=False)] == ["table-rewritten"]


def test_a_finding_without_a_line_is_waived_anywhere_in_its_file() -> None:
    text = "a = 1\n\n\n# review: ignore[downgrade-missing] nothing can be taken back\n"
    (found,) = waived(Source("r.py", text), [finding(0, "downgrade-missing")])
    assert found.waived == "nothing can be taken back"
    assert not found.counts


def test_a_waiver_that_is_misspelled_or_gives_no_reason_is_advice() -> None:
    text = "# review: ignore[nothing] x\na = 1\n# review: ignore[table-rewritten]\nb = 2\n"
    found = list(waived(Source("r.py", text), [finding(4)]))
    assert [(one.id, one.line) for one in found] == [
        ("table-rewritten", 4),
        ("waiver-unknown", 1),
        ("waiver-without-reason", 3),
    ]
    assert found[0].waived is not None


def test_a_waiver_in_a_text_is_none() -> None:
    assert Source("r.py", 'a = "# review: ignore[table-rewritten] x"\n').waivers == ()


def test_only_plain_files_inside_are_read(tmp_path: Path) -> None:
    root = tmp_path / "code"
    root.mkdir()
    (tmp_path / "secret").write_text("x = 1")
    (root / "a.py").write_bytes(b"\xff = 1")
    (root / "link.py").symlink_to(tmp_path / "secret")
    (root / "large.py").write_bytes(b"#" * (2**20 + 1))
    names = [
        "a.py",
        "b.py",
        "link.py",
        "../secret",
        str(tmp_path / "secret"),
        "large.py",
        ".",
        "a\0b",
        "/dev/zero",
    ]
    assert [one.text for one in read_sources(root, names)] == ["\ufffd = 1", *[""] * 8]


def test_a_file_that_begins_with_a_byte_order_mark_is_read_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfimport app\n")
    (source,) = read_sources(tmp_path, ["a.py"])
    assert [one.id for one in by_rule(source, ["app"])] == ["app-code-imported"]
