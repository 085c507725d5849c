"""What `demo` prints: symptom, cause and cure, then a table of before and after that fits on a screen."""

import re
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console, RenderableType

from lab.cli import demo_page, demo_views
from lab.cli.main import cli
from lab.operations.demo import ComparedFigure, Demonstration, Event, Interleaving, Section, Symptom, What
from lab.probing.evidence import Evidence, Figure, Verdict
from tests.conftest import PROJECT

STYLE = re.compile(r"\x1b\[[0-9;]*m")
DIFF = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-slow <b>\n+fast\n"
SQL = "BEGIN;\n\nCREATE INDEX i ON t (c);\n\nCOMMIT;\n"
CAUSE = Section("Cause", "The *table* is read\nby `scan`.\n\n- one\n- two")
BEFORE = Evidence(Verdict.PRESENT, "It scans.", (Figure("blocks", 31925, "", 319),), bug=5)
AFTER = Evidence(Verdict.FIXED, "It does not.", bug=5)
RACE = Interleaving(
    ("POST /x", "POST /x"),
    (
        Event(1, What.SENT, 0.0),
        Event(1, What.BEFORE_WRITE, 0.1, "UPDATE t", read=("t",)),
        Event(2, What.SENT, 0.2),
        Event(2, What.WAITS, 0.3, "SELECT … FOR UPDATE", waits_for=1),
        Event(1, What.RELEASED, 0.4),
        Event(1, What.ANSWERED, 0.5, status=200),
        Event(2, What.ANSWERED, 0.6, status=409),
    ),
)
SYMPTOM = Symptom(5, "Missing index", "It is slow.", CAUSE, DIFF, SQL, BEFORE, "Seq Scan", RACE)
SHOWN = Demonstration(
    number=5,
    title="Missing index",
    symptom="It is slow.",
    cause=CAUSE,
    diff=DIFF,
    sql=SQL,
    before=BEFORE,
    after=AFTER,
    figures=(
        ComparedFigure("blocks read for all the logs of the day", "", 31925, 250),
        ComparedFigure("new", "ms", None, 3.5),
        ComparedFigure("gone", "", 2, 0),
    ),
    plans=("Seq Scan", "Index Scan"),
    interleavings=(RACE, RACE),
    kept=True,
)


def text(view: Iterable[RenderableType], width: int = 80, terminal: bool = True) -> list[str]:
    console = Console(width=width, no_color=True, force_terminal=terminal, highlight=False, markup=False)
    with console.capture() as captured:
        for part in view:
            console.print(part)
    plain = STYLE.sub("", captured.get())
    return [line.rstrip() for line in plain.splitlines()]


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.FIXED, 0), (Verdict.MASKED, 1), (Verdict.PRESENT, 1), (Verdict.UNMEASURED, 4)],
)
def test_the_exit_code_says_whether_the_fix_has_cured_it(
    verdict: Verdict, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = replace(SHOWN, after=replace(AFTER, verdict=verdict))
    monkeypatch.setattr("lab.operations.demo.show_symptom", lambda *_, **__: SYMPTOM)
    monkeypatch.setattr("lab.operations.demo.show_cure", lambda *_, **__: shown)
    assert cli.main(["-C", str(PROJECT), "demo", "5"], standalone_mode=False) == code


def test_the_symptom_is_what_a_user_sees_and_what_was_measured() -> None:
    lines = text(demo_views.symptom(SYMPTOM))

    assert lines[0] == "Fix 5: Missing index"
    assert lines[2:6] == ["SYMPTOM", "It is slow.", "", "Measured: present. It scans."]
    assert lines[6] == "  blocks: 31,925  ████████████ 100×  at most 319"


def test_the_cause_has_the_words_of_the_guide_and_what_the_probe_recorded() -> None:
    lines = text(demo_views.cause(SYMPTOM))

    assert lines[1:7] == ["CAUSE", "The *table* is read by `scan`.", "", "- one", "- two", ""]
    assert lines[7:9] == ["PLAN BEFORE", "Seq Scan"]


def test_the_cure_is_the_diff_and_the_sql() -> None:
    shown = "\n".join(text(demo_views.cure(SYMPTOM)))

    assert DIFF.rstrip() in shown
    assert shown.endswith(SQL.rstrip())


def test_the_cure_has_no_hashes_of_blobs() -> None:
    hashes = f"index {'a' * 40}..{'b' * 40} 100644\n"
    found = replace(SYMPTOM, diff=DIFF.replace("--- a", f"{hashes}--- a"))

    assert text(demo_views.cure(found)) == text(demo_views.cure(SYMPTOM))
    assert demo_page.render(replace(SHOWN, diff=found.diff)) == demo_page.render(SHOWN)


def test_concurrent_requests_are_columns_in_order_of_time() -> None:
    lines = text(demo_views.cause(SYMPTOM))

    start = next(n for n, line in enumerate(lines) if line.startswith("BEFORE: 2 requests at once"))
    left = [line[:39].strip() for line in lines[start + 1 :]]
    right = [line[39:].strip() for line in lines[start + 1 :]]
    assert left == [
        "1 POST /x",
        "sent",
        "has read t",
        "held before UPDATE t",
        "┆",
        "┆",
        left[6],
        "answered 200",
        "",
    ]
    assert left[6].startswith("── the gate opens: 1 goes on ──")
    assert right[:6] == ["2 POST /x", "", "", "", "sent", "waits for 1: SELECT … FOR UPDATE"]
    assert right[7:] == ["┆", "answered 409"]


@pytest.mark.parametrize(
    ("width", "terminal", "widest"), [(80, True, 80), (120, True, 120), (240, False, 80)]
)
def test_the_table_comes_last_and_fits_on_a_screen(width: int, terminal: bool, widest: int) -> None:
    lines = text(demo_views.demonstrated(SHOWN), width, terminal)

    table = lines[lines.index("Fix 5: Missing index, before and after") :]
    assert len(table) <= 24
    assert max(map(len, table)) == widest
    assert lines.index("Fix 5 stays applied.") < len(lines) - len(table)


def test_each_figure_has_two_bars_on_a_scale_that_says_what_it_is() -> None:
    lines = text(demo_views.demonstrated(SHOWN))

    words = [line.split() for line in lines[lines.index("Fix 5: Missing index, before and after") + 1 :]]
    assert words == [
        ["FIGURE", "VALUE", "BAR", "SCALE", "RATIO"],
        ["verdict"],
        ["before", "present"],
        ["after", "fixed"],
        ["blocks", "read", "for", "all", "the", "logs", "of", "the", "day"],
        ["before", "31,925", "█" * 39, "log", "scale"],
        ["after", "250", "█" * 20 + "▊", "from", "1", "128×"],
        ["new"],
        ["before", "not", "measured", "linear"],
        ["after", "3.5", "ms", "█" * 39, "from", "0"],
        ["gone"],
        ["before", "2", "█" * 39, "linear"],
        ["after", "0", "from", "0"],
    ]


def test_a_wide_table_has_the_names_beside_the_figures() -> None:
    lines = text(demo_views.demonstrated(SHOWN), width=110)

    table = lines[lines.index("Fix 5: Missing index, before and after") + 2 :]
    assert [(line[:40].strip(), line[42:48].strip()) for line in table] == [
        ("verdict", "before"),
        ("", "after"),
        ("blocks read for all the logs of the day", "before"),
        ("", "after"),
        ("new", "before"),
        ("", "after"),
        ("gone", "before"),
        ("", "after"),
    ]


def test_the_table_of_five_figures_takes_20_lines() -> None:
    figures = tuple(ComparedFigure(f"{n} of all the bookings through the gate", "", 4, 1) for n in range(5))
    lines = text(demo_views.demonstrated(replace(SHOWN, figures=figures)))

    assert len(lines) - lines.index("Fix 5: Missing index, before and after") == 20


class Page(HTMLParser):
    """The tags that are open, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_everything_and_loads_nothing() -> None:
    page = demo_page.render(replace(SHOWN, title="A <title> & more"))

    parsed = Page(page)
    assert parsed.open == []
    for part in ("A <title> & more", "It is slow.", "-slow <b>", "CREATE INDEX i", "Seq Scan", "Index Scan"):
        assert part in parsed.text
    for part in ("waits for 1: SELECT … FOR UPDATE", "log scale, from 1", "128×", "The fix stays applied."):
        assert part in parsed.text
    assert "<code>scan</code>" in page
    assert "prefers-color-scheme: dark" in page
    assert not {name for name, _ in parsed.attributes} & {"src", "href"}
    assert "url(" not in page
    assert "<script" not in page


def test_a_list_of_the_guide_is_a_list_on_the_page() -> None:
    assert "<p>The *table* is read by <code>scan</code>.</p>\n<ul><li>one</li><li>two</li></ul>" in (
        demo_page.render(SHOWN)
    )


def test_a_long_diff_has_a_part_for_each_file_and_the_first_is_open() -> None:
    second = DIFF.replace("x.py", "y.py") + "+more\n" * demo_page.LONG_DIFF
    page = demo_page.render(replace(SHOWN, diff=DIFF + second))

    heads = re.findall(r"<details( open)?><summary><code>(.*?)</code>", page)
    assert heads == [(" open", "x.py"), ("", "y.py")]
    assert "<details" not in demo_page.render(SHOWN)
    assert "max-height" not in page


def test_what_was_not_measured_has_no_bar_on_the_page() -> None:
    page = demo_page.render(replace(SHOWN, figures=(ComparedFigure("new", "ms", None, 3.5),)))

    assert '<td class="unmeasured" colspan="2">not measured</td>' in page
    assert page.count('<div class="bar') == 1
