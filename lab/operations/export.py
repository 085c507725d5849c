"""Export a fix as one patch, for a candidate who works on another machine."""

import time
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from lab import handouts
from lab.catalog import Fix
from lab.catalog.revision_file import plain_revision
from lab.catalog.unified_diff import NO_BLOB, blob_id
from lab.errors import UsageError
from lab.files import write_atomic
from lab.handouts import Given, Handout
from lab.operations.catalog import one_fix
from lab.workspace import Workspace

VERSIONS = "migrations/versions"


@dataclass(frozen=True, slots=True)
class Exported:
    """A fix that was written to `file` as a patch, and recorded as given in the handout `handout`, an id.

    `migration` is the revision's file in the patch, `revision` its id and `down_revision` the one below it;
    all are empty if the fix does not change the schema.
    """

    number: int
    handout: str
    file: Path
    migration: str = ""
    revision: str = ""
    down_revision: str = ""


def export_fix(workspace: Workspace, token: str, handout: str, file: Path) -> Exported:
    """Write the fix that `token` means as a patch for `git apply`, and record it as given.

    The patch is against the shipped code. Its revision is plain Alembic: on the handout's head or, if fixes
    were exported before, on the last of their revisions. `handout` is an id, or a folder with a handout.

    Raises:
        UsageError: `token` means no fix or several, or the handout is not known or lacks that bug.
        EnvironmentFault: the patch or the record cannot be written.
        Locked: another lab holds the lock of the records.
    """
    record = handouts.named(handout, workspace.library)
    fix = one_fix(workspace, token)
    if fix.number in record.built_in:
        raise UsageError(f"Fix {fix.number} is built into the handout {record.id}.")
    handouts.require_bug(record, fix.number)
    patch = fix.diff
    exported = Exported(fix.number, record.id, file)
    if fix.changes_schema:
        revision, down_revision = _place(record, fix)
        path = f"{VERSIONS}/{revision}_given_{fix.number}.py"
        source = (fix.folder / "migration.py").read_text(encoding="utf-8")
        patch += _new_file(path, plain_revision(source, revision, down_revision))
        exported = replace(exported, migration=path, revision=revision, down_revision=down_revision)
    write_atomic(file, patch.encode())
    if not any(one.bug == fix.number and one.revision == exported.revision for one in _fixes(record)):
        given = Given("fix", fix.number, time.time(), revision=exported.revision)
        handouts.give(workspace.library, record.id, given)
    return exported


def _fixes(record: Handout) -> list[Given]:
    return [one for one in record.given if one.kind == "fix"]


def _place(record: Handout, fix: Fix) -> tuple[str, str]:
    """Return the revision's id, the same at each export, and the id of the one below it."""
    revision = sha256(f"{record.id} {fix.revision}".encode()).hexdigest()[:12]
    earlier = [record.head]
    for one in _fixes(record):
        if one.revision == revision:
            break
        if one.revision:
            earlier.append(one.revision)
    return revision, earlier[-1]


def _new_file(path: str, text: str) -> str:
    lines = text.splitlines()
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {NO_BLOB}..{blob_id(text.encode())}\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n"
    ) + "".join(f"+{line}\n" for line in lines)
