"""What a reader's browser makes of the pages: scripts off, light and dark, on a phone, on paper."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.scorecard.page_cards import CARD, HOSTILE
from tests.pages.browser import Browser
from tests.pages.pages import LARGE

MODULES = Path(__file__).with_name("node_modules")
AXE = MODULES / "axe-core" / "axe.min.js"
CHECKER = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
KNOWN = "Inline style violates Content Security Policy (meta tag): blocked by “style-src” directive"
"""The checker knows no hash of a style. That the browser takes it is a test of its own."""

DESK, PHONE = 1280, 390


@pytest.fixture
def plain(window: Browser) -> Iterator[Browser]:
    """The window as it comes: light, wide, and afterwards with scripts on again."""
    window.scheme("light")
    window.size(DESK)
    window.log()
    yield window
    window.scripts(on=True)


def background(window: Browser) -> str:
    return str(window.call("return getComputedStyle(document.body).backgroundColor"))


def shown(window: Browser) -> int:
    script = "return [...document.querySelectorAll('tbody tr')].filter(row => row.offsetHeight).length"
    return int(window.call(script))


def choose(window: Browser, column: str, value: str) -> None:
    """Choose an entry of a list as a reader does: no event is needed, since no script listens."""
    window.call("document.getElementById(arguments[0]).value = arguments[1]", column, value)


def test_every_page_is_valid_html(files: dict[str, Path]) -> None:
    words = ["java", "-jar", str(CHECKER), "--format", "json", *map(str, files.values())]
    done = subprocess.run(words, capture_output=True, timeout=120, check=False)
    messages = json.loads(done.stderr)["messages"]
    assert [one for one in messages if not one["message"].startswith(KNOWN)] == []


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(page: Path, plain: Browser, scheme: str, width: int) -> None:
    plain.scheme(scheme)
    plain.size(width)
    plain.open(page)
    run = "return axe.run(document, {resultTypes: ['violations'], runOnly: arguments[0]})"
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = plain.call(f"{AXE.read_text(encoding='utf-8')}\n{run}", rules)
    assert len(found["passes"]) > 10
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_no_page_is_wider_than_the_screen(page: Path, plain: Browser, width: int) -> None:
    plain.size(width)
    plain.open(page)
    assert plain.call("return document.documentElement.scrollWidth") <= width


def test_the_browser_loads_nothing_and_has_nothing_to_complain_of(page: Path, plain: Browser) -> None:
    plain.open(page)
    assert plain.call("return performance.getEntriesByType('resource').length") == 0
    assert plain.call("return document.scripts.length") == 0
    assert plain.call("return getComputedStyle(document.querySelector('main')).marginLeft") != ""
    assert background(plain) == "rgb(255, 255, 255)"  # the style was taken
    assert plain.log() == []


def test_the_window_can_turn_scripts_off(plain: Browser, tmp_path: Path) -> None:
    page = tmp_path / "scripted.html"
    page.write_text(
        "<!DOCTYPE html><title>off</title><script>document.title = 'on'</script>", encoding="utf-8"
    )
    for on, title in ((True, "on"), (False, "off")):
        plain.scripts(on=on)
        plain.open(page)
        assert plain.title() == title


def test_with_scripts_off_a_page_looks_the_same(page: Path, plain: Browser) -> None:
    """LAB_PICTURES names a folder that keeps the pictures, to look at them."""
    for scheme, width in (("light", DESK), ("dark", DESK), ("light", PHONE)):
        plain.scheme(scheme)
        plain.size(width)
        plain.open(page)
        picture = plain.picture()
        plain.scripts(on=False)
        plain.open(page)
        assert plain.picture() == picture
        plain.scripts(on=True)
        if folder := os.environ.get("LAB_PICTURES"):
            (Path(folder) / f"{page.stem}-{scheme}-{width}.png").write_bytes(picture)


def test_a_page_is_dark_where_that_is_preferred_and_never_on_paper(
    files: dict[str, Path], plain: Browser
) -> None:
    plain.open(files["card"])
    light = background(plain)
    plain.scheme("dark")
    assert background(plain) != light
    plain.media("print", "dark")
    assert background(plain) == light


def test_a_card_is_whole_on_paper(files: dict[str, Path], plain: Browser, tmp_path: Path) -> None:
    plain.open(files["marked"])
    (tmp_path / "card.pdf").write_bytes(plain.pdf())
    done = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "card.pdf"), "-"], capture_output=True, timeout=60, check=True
    )
    text = " ".join(done.stdout.decode().split())
    for bug in CARD.bugs:
        assert bug.title in text
        assert all(word in text for word in bug.why.split())
    assert "POST /devices/{d1}/book" in text  # what is folded on a screen is open on paper
    assert CARD.judgement in text
    assert 3 <= done.stdout.count(b"\f") <= 6


def test_a_name_that_is_code_is_text(files: dict[str, Path], plain: Browser) -> None:
    plain.open(files["hostile"])
    title = plain.call("return document.querySelector('h1').textContent")
    assert title.startswith(HOSTILE.partition("\u202e")[0])
    assert plain.call("return document.images.length") == 0


def test_all_of_a_large_batch_is_there_at_once_and_filtered_without_a_script(
    files: dict[str, Path], plain: Browser
) -> None:
    plain.open(files["large-batch"])
    assert shown(plain) == LARGE
    count = "return document.querySelectorAll('tr[data-b3=\"present\"]').length"
    present = plain.call(count)
    assert 0 < present < LARGE
    choose(plain, "b3", "present")
    assert shown(plain) == present
    choose(plain, "broke", "nothing")
    assert 0 < shown(plain) < present
    plain.call("document.querySelector('button[type=reset]').click()")
    assert shown(plain) == LARGE
    choose(plain, "status", "machine")
    count = "return document.querySelectorAll('tr[data-status=\"machine\"]').length"
    assert shown(plain) == plain.call(count) > 0
