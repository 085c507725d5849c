"""Read a unified diff as git writes it, and apply it exactly: no offset, no fuzz.

Edits and new files are supported. Deletions, renames, changes of mode and binary files are refused.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

NO_BLOB = "0" * 40
HEADER = re.compile(rb"diff --git a/(\S+) b/(\S+)")
INDEX = re.compile(rb"index ([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?")
HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
REFUSED = {
    b"deleted file": "deletes the file",
    b"rename ": "renames the file",
    b"copy ": "copies a file",
    b"old mode": "changes the file's mode",
    b"new mode": "changes the file's mode",
    b"similarity index": "renames or copies the file",
    b"dissimilarity index": "rewrites the file as a whole",
    b"Binary files": "is binary",
    b"GIT binary patch": "is binary",
}


class DoesNotApply(Exception):
    """The text is not the one that the diff was made from."""


class InvalidDiff(Exception):
    """The diff cannot be used. `problems` lists every mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines with their mark (space, plus or minus). `start` is the index of the first one in the old text."""

    start: int
    lines: tuple[bytes, ...]

    @property
    def old(self) -> tuple[bytes, ...]:
        return tuple(line[1:] for line in self.lines if line[:1] in b" -")

    @property
    def new(self) -> tuple[bytes, ...]:
        return tuple(line[1:] for line in self.lines if line[:1] in b" +")

    @property
    def changed(self) -> Iterator[tuple[int, int]]:
        """Each range of old lines that it replaces: indexes (first, end) from 0, equal for an insertion."""
        at, first = self.start, None
        for line in (*self.lines, b" "):
            if line[:1] != b" ":
                first = at if first is None else first
            elif first is not None:
                yield first, at
                first = None
            at += line[:1] in b" -"


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The changes of one file: git's blob ids of the text before and after, and a new file's permissions."""

    path: PurePosixPath
    old_blob: str
    new_blob: str
    mode: int
    hunks: tuple[Hunk, ...]

    @property
    def is_new(self) -> bool:
        return self.old_blob == NO_BLOB

    def apply(self, text: bytes) -> bytes:
        """Return the text after the diff. Raises DoesNotApply if a line or the result's blob id differs."""
        lines = split_lines(text)
        result: list[bytes] = []
        at = 0
        for hunk in self.hunks:
            end = hunk.start + len(hunk.old)
            if hunk.start < at or tuple(lines[hunk.start : end]) != hunk.old:
                raise DoesNotApply(f"{self.path}: the hunk at line {hunk.start + 1} does not match")
            result += [*lines[at : hunk.start], *hunk.new]
            at = end
        after = b"".join([*result, *lines[at:]])
        if blob_id(after) != self.new_blob:
            raise DoesNotApply(f"{self.path}: the result is not blob {self.new_blob}, as the diff says")
        return after


def blob_id(content: bytes) -> str:
    """Return the hash by which git identifies the content of a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@lru_cache(maxsize=64)
def parse(diff: bytes) -> tuple[FileDiff, ...]:
    """Read a diff made by `git diff --full-index`. Raises InvalidDiff with all mistakes in it."""
    return _Parser(split_lines(diff)).parse()


def split_lines(text: bytes) -> list[bytes]:
    """Split after each LF and keep it. bytes.splitlines would also split at a CR without LF."""
    return [line for line in re.split(rb"(?<=\n)", text) if line]


class _Parser:
    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.at = 0
        self.problems: list[str] = []

    def parse(self) -> tuple[FileDiff, ...]:
        files: list[FileDiff] = []
        while self.at < len(self.lines):
            if self._here().startswith(b"diff --git "):
                found = self._file()
                if found is not None:
                    files.append(found)
            else:
                self.problems.append(f"line {self.at + 1}: a line that belongs to no file: {self._shown()}")
                self._skip_to_next_file()
        for path in {f.path for f in files if sum(g.path == f.path for g in files) > 1}:
            self.problems.append(f"{path}: named twice")
        if not files and not self.problems:
            self.problems.append("no file is changed")
        if self.problems:
            raise InvalidDiff(self.problems)
        return tuple(files)

    def _here(self) -> bytes:
        return self.lines[self.at] if self.at < len(self.lines) else b""

    def _shown(self) -> str:
        return repr(self._here().rstrip().decode(errors="replace"))

    def _skip_to_next_file(self) -> None:
        self.at += 1
        while self.at < len(self.lines) and not self._here().startswith(b"diff --git "):
            self.at += 1

    def _file(self) -> FileDiff | None:
        header = HEADER.fullmatch(self._here().rstrip(b"\n"))
        if header is None or header[1] != header[2]:
            self.problems.append(
                f"line {self.at + 1}: renames a file, or a path with a space: {self._shown()}"
            )
            self._skip_to_next_file()
            return None
        path = PurePosixPath(header[1].decode(errors="replace"))
        if path.is_absolute() or ".." in path.parts or path.parts[0] in {".git", ".lab"}:
            self.problems.append(f"{path}: is outside the workspace's files")
        self.at += 1
        mode, index = self._extended(path)
        if index is None:
            self._skip_to_next_file()
            return None
        hunks = tuple(self._hunks(path))
        is_new = index[0] == NO_BLOB
        if not hunks and not is_new:
            self.problems.append(f"{path}: no line is changed")
        return FileDiff(path, index[0], index[1], mode, hunks)

    def _extended(self, path: PurePosixPath) -> tuple[int, tuple[str, str] | None]:
        """Read the lines between `diff --git` and the first hunk: the mode, and the two blob ids."""
        mode, index = 0o644, None
        while self.at < len(self.lines) and not self._here().startswith((b"@@ ", b"diff --git ")):
            line = self._here()
            refused = next((why for start, why in REFUSED.items() if line.startswith(start)), None)
            found = INDEX.match(line)
            if refused is not None:
                self.problems.append(f"{path}: {refused}; a fix may only edit files and add new ones")
                return mode, None
            if line.startswith(b"new file mode "):
                mode = int(line.split()[-1], 8) & 0o777
            elif found is not None:
                index = found[1].decode(), found[2].decode()
            elif not line.startswith((b"--- ", b"+++ ")):
                self.problems.append(f"line {self.at + 1}: not a line of a diff: {self._shown()}")
                return mode, None
            self.at += 1
        if index is None or len(index[0]) != 40 or len(index[1]) != 40:
            self.problems.append(
                f"{path}: its index line has no full blob ids; make it with git diff --full-index"
            )
            return mode, None
        return mode, index

    def _hunks(self, path: PurePosixPath) -> Iterator[Hunk]:
        while found := HUNK.match(self._here()):
            where = self.at + 1
            old, new = (int(found[group]) if found[group] is not None else 1 for group in (2, 4))
            # With no old line, the number is that of the line before.
            start = int(found[1]) - 1 if old else int(found[1])
            self.at += 1
            hunk = Hunk(max(start, 0), tuple(self._body(old, new)))
            if (len(hunk.old), len(hunk.new)) != (old, new):
                self.problems.append(f"{path}: the hunk at line {where} is cut short")
            yield hunk

    def _body(self, old: int, new: int) -> Iterator[bytes]:
        while self.at < len(self.lines):
            line = self._here()
            mark = line[:1]
            if mark not in b" +-" or not ((old and mark in b" -") or (new and mark in b" +")):
                return
            old -= mark in b" -"
            new -= mark in b" +"
            self.at += 1
            if self._here().startswith(b"\\ "):
                line = line.removesuffix(b"\n")
                self.at += 1
            yield line
