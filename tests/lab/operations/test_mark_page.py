"""The page for marks, over HTTP: only its link opens it, nothing but its own form changes marks."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from lab.errors import UsageError
from lab.operations.mark import Change, marking, save
from lab.operations.mark_page import MOST_BYTES, serving
from lab.scorecard.card import CommitCard
from lab.scorecard.marks import MARKS
from tests.conftest import PROJECT
from tests.lab.operations.cards import GRADED, LIBRARY, contents, write_card

HOSTILE = "</li></textarea><script>alert(1)</script>"


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cards")


@pytest.fixture
def folder(cards: Path) -> Path:
    """The card that is served, without marks."""
    shutil.rmtree(cards / "ada", ignore_errors=True)
    return write_card(cards / "ada", replace(GRADED, commits=(CommitCard(HOSTILE, 1.0),)))


@pytest.fixture(scope="module")
def server(cards: Path) -> Iterator[str]:
    """The link of a page that is served for the whole module. ^C ends it, and leaves nothing."""
    folder = write_card(cards / "ada")
    words = [sys.executable, "-m", "lab", "card", "mark", str(folder), "--name", "Grace", "--page"]
    with subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        yield link
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(link, timeout=10)


@pytest.fixture
def url(server: str, folder: Path) -> str:
    return server


def origin(url: str) -> str:
    return f"http://{urlsplit(url).netloc}"


def post(url: str, own: str | None = None, **headers: str | None) -> requests.Response:
    text = requests.get(url, timeout=10).text
    found = re.search(r'name="own" value="(\w*)"', text)
    assert found is not None
    form = {
        "own": found[1] if own is None else own,
        "mark:code": "good",
        "note:code": f"First.\r\n{HOSTILE}",
        "do": "save code",
    }
    sent = {"Origin": origin(url), **headers}
    given = {name: value for name, value in sent.items() if value is not None}
    return requests.post(url, data=form, headers=given, timeout=10, allow_redirects=False)


def test_the_form_shows_each_line_and_keeps_marks_and_notes_without_a_script(url: str, folder: Path) -> None:
    text = requests.get(url, timeout=10).text
    assert text.count("<fieldset") == 8
    assert text.count('type="radio"') == 8 * 5
    done = post(url)
    assert (done.status_code, done.headers["Location"]) == (
        303,
        f"{urlsplit(url).path}?saved#line-code",
    )
    line = marking(folder, LIBRARY, "Grace").lines[-1]
    assert (line.marks[0].mark, line.marks[0].note) == ("good", f"First.\n{HOSTILE}")
    text = requests.get(url, timeout=10).text
    assert 'name="mark:code" value="good" checked' in text
    assert "<script" not in text
    assert HOSTILE in unescape(text)


def test_signing_shows_the_marks_of_others_who_signed(url: str, folder: Path) -> None:
    save(folder, LIBRARY, "Linus", [Change("code", "poor", "Too short.")], sign=True)
    assert "Linus" not in requests.get(url, timeout=10).text
    found = re.search(r'name="own" value="(\w*)"', requests.get(url, timeout=10).text)
    assert found is not None
    form = {"own": found[1], "mark:code": "mixed", "do": "sign"}
    signed = requests.post(url, data=form, headers={"Origin": origin(url)}, timeout=10)
    assert signed.status_code == 200
    assert "Saved." in signed.text
    assert "Too short." in signed.text
    assert "All marks: one step apart" in signed.text


def test_a_page_holds_what_was_typed_if_it_cannot_be_saved(url: str, folder: Path) -> None:
    save(folder, LIBRARY, "Grace", [Change("code", "poor", "Of another window.")])
    refused = post(url, own="")
    assert refused.status_code == 409
    assert "were changed elsewhere" in refused.text
    assert "First." in refused.text
    assert "Kept for you: poor" in refused.text
    assert marking(folder, LIBRARY, "Grace").lines[-1].marks[0].mark == "poor"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://localhost:1"},
        {"Host": "evil.example"},
        {"Host": "localhost"},
    ],
    ids=str,
)
def test_a_form_from_elsewhere_or_to_another_name_changes_nothing(
    headers: dict[str, str | None], url: str, folder: Path
) -> None:
    assert post(url, **headers).status_code == 403
    assert not (folder / MARKS).exists()


def test_reading_needs_the_link_the_host_and_no_foreign_origin(url: str) -> None:
    base = origin(url)
    port = urlsplit(url).port
    assert requests.get(url, headers={"Origin": base}, timeout=10).status_code == 200
    for headers in ({"Host": f"localhost:{port}"}, {"Host": "127.0.0.1"}, {"Origin": "http://evil.example"}):
        assert requests.get(url, headers=headers, timeout=10).status_code == 403
    for path in ("/", "/x/", f"{urlsplit(url).path[:-2]}/", "/%ff/", "/mark.css", "/x/mark.css"):
        found = requests.get(base + path, timeout=10)
        assert found.status_code == 404
        assert "ada" not in found.text
    for method in ("PUT", "DELETE", "TRACE"):
        assert requests.request(method, url, headers={"Origin": base}, timeout=10).status_code in (404, 405)


def test_every_answer_forbids_scripts_frames_and_copies(url: str) -> None:
    for found in (requests.get(url, timeout=10), requests.get(f"{origin(url)}/x/", timeout=10)):
        policy = found.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy
        assert (found.headers["Cache-Control"], found.headers["X-Frame-Options"]) == ("no-store", "DENY")
        assert "Server" not in found.headers
        assert "Access-Control-Allow-Origin" not in found.headers
    assert requests.get(f"{url}mark.css", timeout=10).headers["Content-Type"].startswith("text/css")


def test_a_huge_form_is_refused(url: str, folder: Path) -> None:
    form = {"own": "", "note:code": "x" * MOST_BYTES}
    refused = requests.post(url, data=form, headers={"Origin": origin(url)}, timeout=30)
    assert refused.status_code == 413
    assert not (folder / MARKS).exists()


def test_a_card_that_is_gone_meanwhile_is_said(url: str, folder: Path) -> None:
    (folder / "card.json").unlink()
    found = requests.get(url, timeout=10)
    assert (found.status_code, "There is no card" in found.text) == (409, True)
    assert contents(folder) == {}


def test_a_page_of_no_card_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no card"), serving(tmp_path, LIBRARY, "Grace"):
        pass
