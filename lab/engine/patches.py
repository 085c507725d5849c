"""A fix's code in a workspace: whether it is there, the files with it put on, the files with it taken off.

Shipped text, fixed text and the workspace's are merged three ways. A merge counts only when the way back
leads to the same bytes: so nothing of a candidate's is lost, and what is put on comes off again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from lab.catalog import Fix
from lab.catalog.unified_diff import FileDiff, blob_id
from lab.engine.file_changes import FileChange, ReadFile
from lab.engine.merge import Conflict, changed, merge, normal
from lab.engine.state import PartState, State, combined
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.files import write_atomic
from lab.git import read_blob
from lab.workspace import PROJECT, Workspace


@dataclass(frozen=True, slots=True)
class ShippedTexts:
    """Finds a file's text as shipped, by the blob id that a patch names: looks, then checks the hash."""

    workspace: Workspace

    def find(self, path: PurePosixPath, name: str) -> bytes | None:
        """The text, or None when it is nowhere."""
        root = self.workspace.root
        for place in (self.workspace.shipped / name, PROJECT / path, root / path):
            if place.is_file():
                content = place.read_bytes()
                for candidate in (content, normal(content)):
                    if blob_id(candidate) == name:
                        return candidate
        for repository in dict.fromkeys((PROJECT, root)):
            found = read_blob(repository, name)
            if found is not None and blob_id(found) == name:
                return found
        return None

    def get(self, file: FileDiff) -> bytes:
        """The text that `file` was made from; the catalog has seen to it that there is one."""
        if file.is_new:
            return b""
        found = self.find(file.path, file.old_blob)
        if found is None:
            raise Refused(f"The shipped text of {file.path} is nowhere to be found.", "Run lab fix list.")
        return found

    def keep(self, fixes: tuple[Fix, ...]) -> None:
        """Keep every text that these fixes start from in `.lab/shipped`, so that it is there for good."""
        for file in {file for fix in fixes for file in fix.files if not file.is_new}:
            kept = self.workspace.shipped / file.old_blob
            if not kept.is_file() or blob_id(kept.read_bytes()) != file.old_blob:
                write_atomic(kept, self.get(file))


@dataclass(frozen=True, slots=True)
class _Sides:
    """One file of a fix: the text as shipped, as fixed, and as it is."""

    diff: FileDiff
    shipped: bytes
    fixed: bytes
    found: bytes | None

    def merged(self, verb: Verb) -> bytes | tuple[Conflict, ...]:
        """Return the text after `verb`, or the conflicts: none of them if the change could not be undone."""
        start, goal = (self.shipped, self.fixed) if verb is Verb.APPLY else (self.fixed, self.shipped)
        found = self.found or b""
        there = merge(found, start, goal)
        if there.conflicts:
            return there.conflicts
        back = merge(there.text, goal, start)
        if there.text == found or back.conflicts or back.text != found:
            return ()
        return there.text

    def state(self) -> PartState:
        path = self.diff.path
        if self.diff.is_new:
            if self.found is None:
                return PartState(State.ABSENT)
            if normal(self.found) == normal(self.fixed):
                return PartState(State.PRESENT)
            return PartState(State.MIXED, (f"{path} is there, with other lines than the fix's",))
        if self.found is None:
            return PartState(State.MIXED, (f"{path} is missing",))
        if b"\0" in self.found:
            return PartState(State.MIXED, (f"{path} is not a text",))
        on, off = self.merged(Verb.APPLY), self.merged(Verb.REVERT)
        if isinstance(on, bytes) and not isinstance(off, bytes):
            return PartState(State.ABSENT)
        if isinstance(off, bytes) and not isinstance(on, bytes):
            return PartState(State.PRESENT)
        if isinstance(on, tuple) and on:
            where = ", ".join(conflict.lines for conflict in on)
            return PartState(State.MIXED, (f"{path}, {where}: neither as shipped nor as the fix has them",))
        return PartState(State.MIXED, (f"{path} holds a part of the fix: {self._rest()}",))

    def _rest(self) -> str:
        whole = merge(self.found or b"", self.shipped, self.fixed)
        spans = [
            f"line {a}" if a == b else f"lines {a}-{b}" for a, b in changed(self.found or b"", whole.text)
        ]
        return f"the rest of it would change {', '.join(spans)}" if spans else "it cannot be told which"


@dataclass(frozen=True, slots=True)
class Patcher:
    """Puts fixes on and takes them off, in memory: nothing is written."""

    texts: ShippedTexts

    def state_of(self, fix: Fix, read: ReadFile) -> PartState:
        """Whether the fix's lines are in the files, judged by looking at the files alone."""
        findings: dict[PurePosixPath, PartState] = {}
        for file in fix.files:
            try:
                findings[file.path] = self._sides(file, read).state()
            except Refused as refusal:
                findings[file.path] = PartState(State.MIXED, (refusal.message,))
        state = combined(finding.state for finding in findings.values())
        return PartState(state, tuple(_why(state, findings)))

    def change(
        self, fix: Fix, verb: Verb, read: ReadFile, *, only: PurePosixPath | None = None
    ) -> tuple[FileChange, ...]:
        """Return the files of the fix as they are and as `verb` makes them; `only` one of them if named.

        Raises:
            Refused: the lines that would change were edited. The message shows both versions.
        """
        return tuple(self._change(fix, f, verb, read) for f in fix.files if only in (None, f.path))

    def _sides(self, file: FileDiff, read: ReadFile) -> _Sides:
        shipped = self.texts.get(file)
        return _Sides(file, shipped, file.apply(shipped), read(file.path))

    def _change(self, fix: Fix, file: FileDiff, verb: Verb, read: ReadFile) -> FileChange:
        sides = self._sides(file, read)
        finding = sides.state()
        if finding.state is verb.result:
            return FileChange(file.path, sides.found, sides.found, file.mode)
        if finding.state is not verb.opposite.result:
            has_lines = not file.is_new and sides.found is not None and b"\0" not in sides.found
            conflicts = sides.merged(verb) if has_lines else ()
            raise _refusal(fix, verb, finding, file, conflicts if isinstance(conflicts, tuple) else ())
        if file.is_new:
            after = _in_style(sides.fixed, fix, read) if verb is Verb.APPLY else None
        else:
            merged = sides.merged(verb)
            after = merged if isinstance(merged, bytes) else None
        return FileChange(file.path, sides.found, after, file.mode)


def _why(state: State, findings: Mapping[PurePosixPath, PartState]) -> list[str]:
    why = [line for finding in findings.values() for line in finding.why]
    if state is State.MIXED and not why:
        why = [f"{path}: {finding.state}" for path, finding in findings.items()]
    return why


def _in_style(text: bytes, fix: Fix, read: ReadFile) -> bytes:
    """A new file has the line ends of the file beside it that the fix edits."""
    beside = next((read(file.path) for file in fix.files if not file.is_new), None) or b""
    crlf = beside.count(b"\r\n")
    return text.replace(b"\n", b"\r\n") if crlf and crlf == beside.count(b"\n") else text


def _refusal(
    fix: Fix, verb: Verb, finding: PartState, file: FileDiff, conflicts: tuple[Conflict, ...]
) -> Refused:
    refused = f"Fix {fix.number} cannot be {verb.past}"
    if not conflicts:
        return Refused(f"{refused}: {'; '.join(finding.why)}.", REMEDIES[verb])
    where = ", ".join(conflict.lines for conflict in conflicts)
    theirs = "the fix" if verb is Verb.APPLY else "without the fix"
    shown = "".join(_shown("yours", c.ours) + _shown(theirs, c.theirs) for c in conflicts)
    edited = f"{file.path} was edited in the lines that the fix changes ({where})"
    return Refused(f"{refused}: {edited}.{shown}\n", REMEDIES[verb])


def _shown(side: str, text: bytes) -> str:
    body = (
        "".join(f"\n    {line}" for line in text.decode(errors="replace").splitlines()) or "\n    (nothing)"
    )
    return f"\n  {side}:{body}"


REMEDIES = {
    Verb.APPLY: "Nothing was touched. Undo your edit of these lines, or keep it and leave the fix out.",
    Verb.REVERT: "Nothing was touched. Undo your edit of these lines, then revert again.",
}
