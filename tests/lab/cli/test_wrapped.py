"""Guides, diffs, SQL and plans on a terminal: long lines continue with a hanging indent."""

import pytest
from rich.console import Console, Group

from lab.cli import wrapped
from lab.cli.guide_text import Block, Kind, blocks
from lab.cli.wrapped import Hanging

GUIDE = """# Fix 5: missing index

Every candidate says
"index".

## Our fix
1. It is long, so that it goes on
   below.
2. Short.

    - A=1
    - B=2
"""
DIFF = """diff --git a/x.py b/x.py
index 0123..4567 100644
--- a/x.py
+++ b/x.py
@@ -1 +1 @@
-slow
+    faster = than_before(one, two)
"""


def shown(*lines: Hanging, width: int = 24, terminal: bool = True) -> list[str]:
    console = Console(width=width, force_terminal=terminal, color_system=None)
    with console.capture() as captured:
        console.print(Group(*lines), soft_wrap=not terminal)
    return captured.get().splitlines()


def test_the_blocks_of_a_guide_have_none_of_its_line_breaks() -> None:
    assert list(blocks(GUIDE)) == [
        Block(Kind.HEADING, "Fix 5: missing index", "# "),
        Block(Kind.PARAGRAPH, 'Every candidate says "index".'),
        Block(Kind.HEADING, "Our fix", "## "),
        Block(Kind.NUMBERED, "It is long, so that it goes on below.", "1. "),
        Block(Kind.NUMBERED, "Short.", "2. "),
        Block(Kind.CODE, "    - A=1\n    - B=2"),
    ]


def test_an_item_of_a_list_continues_below_its_text() -> None:
    assert shown(*wrapped.guide(GUIDE)) == [
        "# Fix 5: missing index",
        "",
        "Every candidate says",
        '"index".',
        "",
        "## Our fix",
        "",
        "1. It is long, so that",
        "   it goes on below.",
        "2. Short.",
        "",
        "    - A=1",
        "    - B=2",
    ]


def test_the_rest_of_a_line_of_a_diff_cannot_be_taken_for_a_line_of_its_own() -> None:
    lines = shown(*wrapped.diff(DIFF), width=30)

    assert lines == [
        "diff --git a/x.py b/x.py",
        "--- a/x.py",
        "+++ b/x.py",
        "@@ -1 +1 @@",
        "-slow",
        "+    faster = than_before(one,",
        "         two)",
    ]


@pytest.mark.parametrize(("terminal", "count"), [(True, 2), (False, 1)])
def test_a_line_is_broken_on_a_terminal_only(terminal: bool, count: int) -> None:
    lines = shown(*wrapped.code("  Index Scan using one on two"), terminal=terminal)

    assert len(lines) == count
    assert lines[1:] == ["      on two"][: count - 1]
