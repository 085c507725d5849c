"""A fix's code in a workspace: whether it is there, and the files with it applied or reverted, in memory.

The shipped text, the fixed text and the workspace's text are merged three ways. A merge counts only if the
opposite merge gives back the same bytes. So no edit of the candidate is lost, and what is applied can be
reverted.
"""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from lab.catalog import Fix
from lab.catalog.unified_diff import FileDiff, blob_id, split_lines
from lab.engine.compose_settings import has_same_settings, repeated_by
from lab.engine.file_changes import FileChange, ReadFile
from lab.engine.merge import Conflict, changed, merge, normalised
from lab.engine.state import PartState, State, combined
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.files import write_atomic
from lab.git import read_blob
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ShippedTexts:
    """Finds the shipped text of a file by the blob id that a patch names."""

    workspace: Workspace

    def find(self, path: PurePosixPath, name: str) -> bytes | None:
        """Return the text whose blob id is `name`, or None. Raises EnvironmentFault if git is missing.

        It searches `.lab/shipped`, `path` in the library and the workspace, and their git repositories.
        The id is a hash of the text, so any match is right.
        """
        root, library = self.workspace.root, self.workspace.library.root
        for place in (self.workspace.shipped / name, library / path, root / path):
            if place.is_file() and blob_id(content := place.read_bytes()) == name:
                return content
        for repository in dict.fromkeys((library, root)):
            found = read_blob(repository, name)
            if found is not None and blob_id(found) == name:
                return found
        return None

    def get(self, file: FileDiff) -> bytes:
        """Return the text that `file` was made from; empty for a new file. Raises Refused if it is lost."""
        if file.is_new:
            return b""
        found = self.find(file.path, file.old_blob)
        if found is None:
            remedy = f"Copy the file from a fresh lab to {self.workspace.shipped / file.old_blob}."
            raise Refused(f"The shipped text of {file.path} cannot be found.", remedy)
        return found

    def keep(self, fixes: tuple[Fix, ...]) -> None:
        """Copy each text that these fixes need to `.lab/shipped`. Raises as `get`, `write_atomic` do."""
        for file in {file for fix in fixes for file in fix.files if not file.is_new}:
            kept = self.workspace.shipped / file.old_blob
            if not kept.is_file() or blob_id(kept.read_bytes()) != file.old_blob:
                write_atomic(kept, self.get(file))


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a fix: its text as shipped, as fixed, and as it is in the workspace (None: no file)."""

    diff: FileDiff
    shipped: bytes
    fixed: bytes
    current: bytes | None
    is_compose_file: bool = False

    def after(self, verb: Verb) -> bytes | tuple[Conflict, ...]:
        """Return the text after `verb`, or the conflicts: empty if the change could not be undone."""
        start, goal = (self.shipped, self.fixed) if verb is Verb.APPLY else (self.fixed, self.shipped)
        current = self.current or b""
        there = merge(current, start, goal)
        if there.conflicts:
            return there.conflicts
        back = merge(there.text, goal, start)
        if there.text == current or back.conflicts or back.text != current:
            return ()
        return there.text if verb is Verb.REVERT else self._repeated(there.text) or there.text

    def state(self) -> PartState:
        """Return the state of the text; present too if a compose file has the same settings in other form."""
        found = self.text_state()
        if not self.is_compose_file or self.current is None or found.state is State.PRESENT:
            return found
        is_same = has_same_settings(self.current, self.shipped, self.fixed)
        return PartState(State.PRESENT) if is_same else found

    def replaced(self) -> bytes | None:
        """Return the text with the fix in place of what is in its way, so that it can be reverted.

        None if that cannot be had without losing more than the lines in conflict.
        """
        if self.diff.is_new or self.current is None or b"\0" in self.current:
            return self.fixed
        lines = split_lines(self.current)
        clashes = self._repeated(merge(self.current, self.shipped, self.fixed).text)
        for setting in reversed(clashes):
            del lines[setting.first - 1 : setting.last]
        merged = merge(b"".join(lines), self.shipped, self.fixed)
        text = merged.theirs if merged.conflicts else merged.text
        return text if replace(self, current=text).text_state().state is State.PRESENT else None

    def _repeated(self, after: bytes) -> tuple[Conflict, ...]:
        """Return the candidate's settings that would be in the file twice, as conflicts."""
        current = self.current or b""
        found = repeated_by(current, after) if self.is_compose_file else ()
        lines = split_lines(current)
        return tuple(
            Conflict(one.first, one.last, b"".join(lines[one.first - 1 : one.last]), b"") for one in found
        )

    def text_state(self) -> PartState:
        path = self.diff.path
        if self.diff.is_new:
            if self.current is None:
                return PartState(State.ABSENT)
            if normalised(self.current) == normalised(self.fixed):
                return PartState(State.PRESENT)
            return PartState(State.MIXED, (f"{path} is there, with other lines than the fix's",))
        if self.current is None:
            return PartState(State.MIXED, (f"{path} is missing",))
        if b"\0" in self.current:
            return PartState(State.MIXED, (f"{path} is not a text",))
        applied, reverted = self.after(Verb.APPLY), self.after(Verb.REVERT)
        if isinstance(applied, bytes) and not isinstance(reverted, bytes):
            return PartState(State.ABSENT)
        if isinstance(reverted, bytes) and not isinstance(applied, bytes):
            return PartState(State.PRESENT)
        if isinstance(applied, tuple) and applied:
            where = ", ".join(conflict.lines for conflict in applied)
            return PartState(State.MIXED, (f"{path}, {where}: neither as shipped nor as the fix has them",))
        return PartState(State.MIXED, (f"{path} has only a part of the fix: {self._rest()}",))

    def _rest(self) -> str:
        current = self.current or b""
        runs = changed(current, merge(current, self.shipped, self.fixed).text)
        where = ", ".join(f"line {a}" if a == b else f"lines {a}-{b}" for a, b in runs)
        return f"the rest of it would change {where}" if where else "which part is not clear"


@dataclass(frozen=True, slots=True)
class Patcher:
    """Applies and reverts the code of fixes in memory. Raises EnvironmentFault if a file cannot be read."""

    texts: ShippedTexts

    def state_of(self, fix: Fix, read: ReadFile) -> PartState:
        """Return the state of the fix's code: present, absent, or mixed and why."""
        states: dict[PurePosixPath, PartState] = {}
        for file in fix.files:
            try:
                states[file.path] = self._file(file, read).state()
            except Refused as refusal:
                states[file.path] = PartState(State.MIXED, (refusal.message,))
        state = combined(one.state for one in states.values())
        why = tuple(line for one in states.values() for line in one.why)
        if state is State.MIXED and not why:
            why = tuple(f"{path}: {one.state}" for path, one in states.items())
        return PartState(state, why)

    def change(
        self, fix: Fix, verb: Verb, read: ReadFile, *, only: PurePosixPath | None = None
    ) -> tuple[FileChange, ...]:
        """Return each file of the fix before and after `verb`; with `only`, that file alone.

        A file that is in the wanted state already has the same content before and after.

        Raises:
            Refused: a file is missing or no text, or the lines that would change were edited, or a setting
                would be in a compose file twice. The message shows the candidate's lines, not the fix's.
        """
        return tuple(self._change(fix, f, verb, read) for f in fix.files if only in (None, f.path))

    def replacement(self, fix: Fix, read: ReadFile) -> tuple[FileChange, ...]:
        """Return each file of the fix before and after it is applied in place of what is in its way.

        Raises:
            Refused: more than the lines in conflict would be lost.
        """
        changes = []
        for diff in fix.files:
            try:
                change = self._change(fix, diff, Verb.APPLY, read)
            except Refused as refusal:
                file = self._file(diff, read)
                after = file.replaced()
                if after is None:
                    refusal.remedy = CANNOT_REPLACE
                    raise
                change = FileChange(diff.path, file.current, after, diff.mode)
            changes.append(change)
        return tuple(changes)

    def _file(self, file: FileDiff, read: ReadFile) -> _File:
        shipped = self.texts.get(file)
        workspace = self.texts.workspace
        is_compose_file = workspace.root / file.path == workspace.compose_file
        return _File(file, shipped, file.apply(shipped), read(file.path), is_compose_file)

    def _change(self, fix: Fix, diff: FileDiff, verb: Verb, read: ReadFile) -> FileChange:
        file = self._file(diff, read)
        state = file.state()
        if state.state is verb.result:
            return FileChange(diff.path, file.current, file.current, diff.mode)
        after: bytes | tuple[Conflict, ...] | None
        if not diff.is_new:
            is_text = file.current is not None and b"\0" not in file.current
            after = file.after(verb) if is_text else ()
        else:
            after = file.fixed if verb is Verb.APPLY else None
        if state.state is not verb.opposite.result or isinstance(after, tuple):
            raise _refusal(fix, verb, state, diff, after if isinstance(after, tuple) else ())
        return FileChange(diff.path, file.current, after, diff.mode)


def _refusal(
    fix: Fix, verb: Verb, state: PartState, diff: FileDiff, conflicts: tuple[Conflict, ...]
) -> Refused:
    refused = f"Fix {fix.number} cannot be {verb.past}"
    remedy = REMEDIES[verb].format(number=fix.number)
    if not conflicts:
        why = "; ".join(state.why) or f"{diff.path} has its settings in another form"
        return Refused(f"{refused}: {why}.", remedy)
    where = ", ".join(conflict.lines for conflict in conflicts)
    shown = "".join(_shown(conflict) for conflict in conflicts)
    edited = f"{diff.path} was edited in the lines that the fix changes ({where})"
    return Refused(f"{refused}: {edited}.{shown}\n", remedy)


def _shown(conflict: Conflict) -> str:
    """Return the lines that are in the file. Those of the fix are not shown: a candidate may be looking."""
    lines = conflict.ours.decode(errors="replace").splitlines() or ["(nothing)"]
    return f"\n  {conflict.lines}:" + "".join(f"\n    {line}" for line in lines)


REMEDIES = {
    Verb.APPLY: "Nothing was touched. Undo your edit of these lines, or leave the fix out; or have them"
    " replaced, and saved as a patch: lab fix apply {number} --replace",
    Verb.REVERT: "Nothing was touched. Undo your edit of these lines, then revert again.",
}
CANNOT_REPLACE = (
    "Nothing was touched. Other edits are too close to be kept. Undo your edit of these lines, or restore the"
    " shipped code, with your edits saved as a patch: lab reset --code"
)
