"""Merge three texts, whatever their line ends: clean, or the lines in conflict. No marker gets out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from lab.git import merge_file

MARKER = 64
SIDES = {b"<": "ours", b"|": "base", b"=": "theirs", b">": "both"}
"""Which side the lines after a marker are from."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Lines `first` to `last` of our text, from 1, which both sides change (none: `last` < `first`)."""

    first: int
    last: int
    ours: bytes
    theirs: bytes

    @property
    def lines(self) -> str:
        return f"line {self.first}" if self.last <= self.first else f"lines {self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text, which counts only when nothing is in conflict."""

    text: bytes
    conflicts: tuple[Conflict, ...] = ()


def merge(ours: bytes, base: bytes, theirs: bytes) -> Merged:
    """Our text with what leads from `base` to `theirs` done to it, in the line ends that our text has."""
    mine, base, theirs = normal(ours), normal(base), normal(theirs)
    if base.endswith(b"\n") == theirs.endswith(b"\n") != mine.endswith(b"\n"):
        # Whether the last line has an end is ours alone; it must not count as an edit of that line.
        merged = _merge(_turned(mine), base, theirs)
        text = _turned(merged.text)
    else:
        merged = _merge(mine, base, theirs)
        text = merged.text
    return merged if merged.conflicts else Merged(restyled(ours, text))


def _turned(text: bytes) -> bytes:
    """With the last line's end taken off, or put on."""
    return text[:-1] if text.endswith(b"\n") else text + b"\n"


def normal(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def restyled(original: bytes, text: bytes) -> bytes:
    """`text`, which has plain newlines, with `original`'s line ends: each kept line's own, else the usual."""
    crlf, ends = original.count(b"\r\n"), original.count(b"\n")
    if not crlf:
        return text
    end = b"\r\n" if crlf * 2 > ends else b"\n"
    if crlf == ends:
        return text.replace(b"\n", end)
    old, new = lines(original), lines(text)
    result: list[bytes] = []
    for tag, a, a_end, b, b_end in opcodes(lines(normal(original)), new):
        result += old[a:a_end] if tag == "equal" else [line.replace(b"\n", end) for line in new[b:b_end]]
    return b"".join(result)


def lines(text: bytes) -> list[bytes]:
    """Cut at the newline only, ends kept: bytes.splitlines also cuts at a lone carriage return."""
    *whole, rest = text.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def changed(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """The runs of lines of `before`, counted from 1, that differ in `after`."""
    for tag, a, a_end, _, _ in opcodes(lines(before), lines(after)):
        if tag != "equal":
            yield a + 1, max(a + 1, a_end)


def opcodes(a: Sequence[bytes], b: Sequence[bytes]) -> Sequence[tuple[str, int, int, int, int]]:
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
    """Turn git's markers into values."""
    side = "both"
    kept: list[bytes] = []  # the merge, with our side of each conflict
    found: list[tuple[int, list[bytes], list[bytes]]] = []
    for line in lines(marked):
        if line[:MARKER] == line[:1] * MARKER and line[:1] in SIDES:
            side = SIDES[line[:1]]
            if side == "ours":
                found.append((len(kept), [], []))
        elif side == "theirs":
            found[-1][2].append(line)
        elif side != "base":
            kept.append(line)
            if side == "ours":
                found[-1][1].append(line)
    places = _places(kept, lines(ours))
    conflicts = [
        Conflict(places[at] + 1, places[at + len(mine)], b"".join(mine), b"".join(their))
        for at, mine, their in found
    ]
    return Merged(b"", tuple(conflicts))


def _places(kept: Sequence[bytes], ours: Sequence[bytes]) -> list[int]:
    """For each gap between lines of `kept`, the gap in our text."""
    places = [0] * (len(kept) + 1)
    for _, a, a_end, b, b_end in opcodes(kept, ours):
        for at in range(a, a_end + 1):
            places[at] = min(b + at - a, b_end)
    return places
