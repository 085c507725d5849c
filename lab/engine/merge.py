"""Merge three texts line by line, without conflict markers: the result is a text, or the conflicts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from lab.catalog.unified_diff import split_lines
from lab.git import merge_file

MARKER = 64
SIDES = {b"<": "ours", b"|": "base", b"=": "theirs", b">": "both"}
"""The side that the lines after a marker belong to."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Lines `first` to `last` of our text, from 1, that both sides changed, and the two versions of them.

    If `last` < `first`, our side deleted the lines.
    """

    first: int
    last: int
    ours: bytes
    theirs: bytes

    @property
    def lines(self) -> str:
        return f"line {self.first}" if self.last <= self.first else f"lines {self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text. It is empty if there are conflicts: then `theirs` has their version of each."""

    text: bytes
    conflicts: tuple[Conflict, ...] = ()
    theirs: bytes = b""


def merge(ours: bytes, base: bytes, theirs: bytes) -> Merged:
    """Return our text with the changes from `base` to `theirs`, or the conflicts.

    Line ends are not compared: each line of ours keeps its own, and a new line gets the most frequent one. If
    the last line has a line end only in our text, or lacks it only there, the result is like our text.

    Raises:
        EnvironmentFault: git is missing, or a text is binary.
    """
    mine, base, theirs = normalised(ours), normalised(base), normalised(theirs)
    # A last line that only lacks its end, or only has one, must not count as edited.
    toggle = base.endswith(b"\n") == theirs.endswith(b"\n") != mine.endswith(b"\n")
    merged = _merge(_toggled(mine) if toggle else mine, base, theirs)
    text = merged.theirs if merged.conflicts else merged.text
    text = _with_line_ends_of(ours, _toggled(text) if toggle and text else text)
    return replace(merged, theirs=text) if merged.conflicts else Merged(text)


def normalised(text: bytes) -> bytes:
    """Return the text with LF for each CRLF."""
    return text.replace(b"\r\n", b"\n")


def changed(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges of lines of `before` that `after` replaces or removes, as (first, last) from 1.

    For added lines, yield the next line of `before`; it can be one past the end.
    """
    for tag, a, a_end, _, _ in _opcodes(split_lines(before), split_lines(after)):
        if tag != "equal":
            yield a + 1, max(a + 1, a_end)


def _with_line_ends_of(original: bytes, text: bytes) -> bytes:
    crlf = original.count(b"\r\n")
    if not crlf:
        return text
    end = b"\r\n" if crlf * 2 > original.count(b"\n") else b"\n"
    old, new = split_lines(original), split_lines(text)
    result: list[bytes] = []
    for tag, a, a_end, b, b_end in _opcodes(split_lines(normalised(original)), new):
        result += old[a:a_end] if tag == "equal" else [line.replace(b"\n", end) for line in new[b:b_end]]
    return b"".join(result)


def _toggled(text: bytes) -> bytes:
    """Remove the end of the last line, or add it."""
    return text[:-1] if text.endswith(b"\n") else text + b"\n"


def _opcodes(a: Sequence[bytes], b: Sequence[bytes]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, a, b, autojunk=False).get_opcodes()


@lru_cache(maxsize=1024)
def _merge(ours: bytes, base: bytes, theirs: bytes) -> Merged:
    if base in (ours, theirs):
        return Merged(theirs if ours == base else ours)
    if ours == theirs:
        return Merged(ours)
    finished = merge_file(ours, base, theirs, MARKER)
    return _read(finished.stdout, ours) if finished.code else Merged(finished.stdout)


def _read(marked: bytes, ours: bytes) -> Merged:
    side = "both"
    kept: list[bytes] = []  # the merge, with our side of each conflict
    taken: list[bytes] = []  # the merge, with their side of each conflict
    found: list[tuple[int, list[bytes], list[bytes]]] = []
    for line in split_lines(marked):
        if line[:MARKER] == line[:1] * MARKER and line[:1] in SIDES:
            side = SIDES[line[:1]]
            if side == "ours":
                found.append((len(kept), [], []))
        elif side == "theirs":
            found[-1][2].append(line)
            taken.append(line)
        elif side != "base":
            kept.append(line)
            if side == "ours":
                found[-1][1].append(line)
            else:
                taken.append(line)
    places = _places(kept, split_lines(ours))
    conflicts = [
        Conflict(places[at] + 1, places[at + len(mine)], b"".join(mine), b"".join(their))
        for at, mine, their in found
    ]
    return Merged(b"", tuple(conflicts), b"".join(taken))


def _places(kept: Sequence[bytes], ours: Sequence[bytes]) -> list[int]:
    """Return, for each gap between lines of `kept`, the matching gap in our text."""
    places = [0] * (len(kept) + 1)
    for _, a, a_end, b, b_end in _opcodes(kept, ours):
        for at in range(a, a_end + 1):
            places[at] = min(b + at - a, b_end)
    return places
