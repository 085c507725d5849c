"""A merge is exact or in conflict, and keeps the line ends of our text."""

from pathlib import Path

import pytest

from lab.engine.merge import Conflict, changed, merge, normalised
from lab.errors import EnvironmentFault

BASE = b"".join(b"%d\n" % n for n in range(20))


def test_the_changes_of_both_sides_are_merged() -> None:
    ours, theirs = BASE.replace(b"\n3\n", b"\nours\n"), BASE.replace(b"\n15\n", b"\ntheirs\n")
    assert merge(ours, BASE, theirs).text == ours.replace(b"\n15\n", b"\ntheirs\n")


def test_a_conflict_names_the_lines_of_our_text() -> None:
    ours = b"new\nnew\n" + BASE.replace(b"\n8\n9\n", b"\nours\n")
    merged = merge(ours, BASE, BASE.replace(b"\n9\n", b"\ntheirs\n"))
    assert merged.conflicts == (Conflict(11, 11, b"ours\n", b"8\ntheirs\n"),)
    assert merged.conflicts[0].lines == "line 11"
    assert merged.text == b""


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    same = BASE.replace(b"\n9\n", b"\nsame\n")
    assert merge(same, BASE, same).text == same


def test_a_deletion_against_a_change_names_the_line() -> None:
    (conflict,) = merge(BASE.replace(b"9\n", b"", 1), BASE, BASE.replace(b"\n9\n", b"\nx\n")).conflicts
    assert (conflict.lines, conflict.ours) == ("line 10", b"")


def test_text_that_looks_like_conflict_markers_is_kept() -> None:
    odd = b"<<<<<<< ours\n=======\n>>>>>>> theirs\n"
    ours = odd + BASE.replace(b"\n9\n", b"\nours\n")
    (conflict,) = merge(ours, BASE, BASE.replace(b"\n9\n", b"\ntheirs\n")).conflicts
    assert (conflict.first, conflict.ours) == (13, b"ours\n")


@pytest.mark.parametrize("last", [b"", b"no end"])
def test_a_text_with_crlf_line_ends_keeps_them(last: bytes) -> None:
    ours = BASE.replace(b"\n3\n", b"\nours\n") + last
    theirs = BASE.replace(b"\n15\n", b"\ntheirs\n")
    merged = merge(ours.replace(b"\n", b"\r\n"), BASE, theirs)
    assert merged.text == ours.replace(b"\n15\n", b"\ntheirs\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        (b"a\nb\n", b"a\nx\n", b"a\nx\n"),
        (b"a\r\nb\r\n", b"a\nx\nb\n", b"a\r\nx\r\nb\r\n"),
        (b"a\r\nb", b"a\nx\nb", b"a\r\nx\r\nb"),
        (b"a\r\nb\r\nc\n", b"a\nx\nb\nc\n", b"a\r\nx\r\nb\r\nc\n"),
        (b"a\r\nb\nc\n", b"a\nx\nb\nc\n", b"a\r\nx\nb\nc\n"),
    ],
)
def test_each_kept_line_keeps_its_line_end(ours: bytes, theirs: bytes, merged: bytes) -> None:
    assert merge(ours, normalised(ours), theirs).text == merged


def test_a_carriage_return_inside_a_line_is_not_a_line_end() -> None:
    ours = BASE.replace(b"\n3\n", b"\n3\r3\n")
    assert merge(ours, BASE, BASE).text == ours


@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_end_of_the_last_line_is_as_in_our_text(end: bytes) -> None:
    """Also if the other side changes that line."""
    base, theirs = b"a\nb\nlast", b"a\nb\nlast of all"
    for ours in (base, b"a\nb\nlast\n", b"mine\na\nb\nlast", b"mine\na\nb\nlast\n"):
        assert merge(ours, base + end, theirs + end).text == ours.replace(b"last", b"last of all")


def test_changed_lines_are_counted_from_one() -> None:
    assert list(changed(b"a\nb\nc\n", b"a\nx\nc\nd\n")) == [(2, 2), (4, 4)]


def test_binary_content_is_refused() -> None:
    with pytest.raises(EnvironmentFault, match="binary"):
        merge(b"\0ours\n", b"\0base\n", b"\0theirs\n")


def test_the_users_git_settings_have_no_effect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[merge]\n\tconflictstyle = zdiff3\n[core]\n\tbroken\n[")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    ours = BASE.replace(b"\n9\n", b"\nours and no other\n")
    assert merge(ours, BASE, BASE.replace(b"\n9\n", b"\ntheirs and no other\n")).conflicts
