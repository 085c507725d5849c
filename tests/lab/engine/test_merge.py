"""A merge is exact or in conflict; it keeps each line's own end."""

from pathlib import Path

import pytest

from lab.engine.merge import Conflict, changed, merge, restyled
from lab.errors import EnvironmentFault

BASE = b"".join(b"%d\n" % n for n in range(20))


def test_both_sides_changes_come_together() -> None:
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


def test_a_deletion_against_a_change_names_the_place() -> None:
    (conflict,) = merge(BASE.replace(b"9\n", b"", 1), BASE, BASE.replace(b"\n9\n", b"\nx\n")).conflicts
    assert (conflict.lines, conflict.ours) == ("line 10", b"")


def test_text_that_looks_like_markers_is_text() -> None:
    odd = b"<<<<<<< ours\n=======\n>>>>>>> theirs\n"
    ours = odd + BASE.replace(b"\n9\n", b"\nours\n")
    (conflict,) = merge(ours, BASE, BASE.replace(b"\n9\n", b"\ntheirs\n")).conflicts
    assert (conflict.first, conflict.ours) == (13, b"ours\n")


@pytest.mark.parametrize(
    ("original", "text", "expected"),
    [
        (b"a\nb\n", b"a\nx\n", b"a\nx\n"),
        (b"a\r\nb\r\n", b"a\nx\nb\n", b"a\r\nx\r\nb\r\n"),
        (b"a\r\nb", b"a\nx\nb", b"a\r\nx\r\nb"),
        (b"a\r\nb\r\nc\n", b"a\nx\nb\nc\n", b"a\r\nx\r\nb\r\nc\n"),
        (b"a\r\nb\nc\n", b"a\nx\nb\nc\n", b"a\r\nx\nb\nc\n"),
        (b"a\rb\n", b"a\rb\n", b"a\rb\n"),
    ],
)
def test_each_kept_line_keeps_its_end(original: bytes, text: bytes, expected: bytes) -> None:
    assert restyled(original, text) == expected


@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_end_of_the_last_line_is_ours(end: bytes) -> None:
    """Also where the other side changes that very line."""
    base, theirs = b"a\nb\nlast", b"a\nb\nlast of all"
    for ours in (base, b"a\nb\nlast\n", b"mine\na\nb\nlast", b"mine\na\nb\nlast\n"):
        assert merge(ours, base + end, theirs + end).text == ours.replace(b"last", b"last of all")


def test_changed_runs_are_counted_from_one() -> None:
    assert list(changed(b"a\nb\nc\n", b"a\nx\nc\nd\n")) == [(2, 2), (4, 4)]


def test_what_cannot_be_merged_is_an_error_not_a_text() -> None:
    with pytest.raises(EnvironmentFault, match="binary"):
        merge(b"\0ours\n", b"\0base\n", b"\0theirs\n")


def test_the_users_own_git_settings_have_no_part_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".gitconfig").write_text("[merge]\n\tconflictstyle = zdiff3\n[core]\n\tbroken\n[")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    ours = BASE.replace(b"\n9\n", b"\nours and no other\n")
    assert merge(ours, BASE, BASE.replace(b"\n9\n", b"\ntheirs and no other\n")).conflicts
