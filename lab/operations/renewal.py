"""Notice that the lab in a workspace was made from another version of the library, and rebuild it."""

from pathlib import Path

from lab import __version__, shipped
from lab.errors import LabError, Refused
from lab.operations.ownership import Origin
from lab.operations.restore_code import (
    RestoredCode,
    interrupted_renewal,
    put_library_code,
    record_reverted,
    save_edits,
    save_for_renewal,
)
from lab.operations.template import shipped_head
from lab.progress import Progress
from lab.workspace import Workspace

SERVICES_FOLDER = "app"
"""What only the services run; the other folders of the code make the database."""


def current_origin(workspace: Workspace) -> Origin:
    """Return what a template is made from now. Raises UsageError if the library has no shipped head."""
    content = shipped.digest(workspace, without=SERVICES_FOLDER)
    return Origin(f"lab {__version__}", shipped_head(workspace), content)


def require_current_code(workspace: Workspace) -> None:
    """Check that the workspace keeps the code that its library ships, unless it is its own library.

    Raises:
        Refused: it keeps other code. The edits were saved; nothing was changed.
    """
    if _has_current_code(workspace):
        return
    library = workspace.library.root
    version = shipped.kept_version(workspace)
    raise _refused(workspace, f"was made by {version}, with other code than that of the library {library}")


def require_current_template(workspace: Workspace, made: Origin | None) -> None:
    """Check that a template was made from what the library has now.

    Raises:
        Refused: it was made from something else. The edits were saved; nothing was changed.
    """
    now = current_origin(workspace)
    if made is None:
        raise _refused(workspace, f"was made by {shipped.UNKNOWN_VERSION}, and may have another schema")
    if made.head != now.head:
        raise _refused(workspace, f"was made by {made.version}, with revision {made.head} and not {now.head}")
    if made.content != now.content:
        raise _refused(workspace, f"was made by {made.version}, with other migrations, roles or rows")


def begin_renewal(workspace: Workspace) -> Path | None:
    """Save the edits of a workspace whose code will be replaced. Return their patch, if there is one.

    Raises:
        EnvironmentFault: git is missing, or a file cannot be read or written. Nothing was changed.
    """
    if _has_current_code(workspace):
        workspace.renewal.unlink(missing_ok=True)
        return None
    return save_for_renewal(workspace)


def renew_workspace(
    workspace: Workspace, patch: Path | None, progress: Progress
) -> tuple[RestoredCode | None, str]:
    """Put the library's code into the workspace, after `begin_renewal`. Every fix ends as not applied.

    `finish_renewal` has it kept as shipped, once the database is made, too. If the code is current, or the
    workspace is its own library, no file changes, and the code is None. The text is that of `shipped.keep`.

    Raises:
        Refused: the edits cannot be told from the shipped code. Nothing was changed.
        EnvironmentFault: a file cannot be read or written.
    """
    if _has_current_code(workspace):
        return None, shipped.keep(workspace, renew=True)
    renewed = put_library_code(workspace, patch, progress)
    record_reverted(workspace)
    return renewed, ""


def _has_current_code(workspace: Workspace) -> bool:
    return workspace.library.root == workspace.root or shipped.is_current(workspace)


def _refused(workspace: Workspace, what: str) -> Refused:
    """Save the edits, and return the error that names them and the command."""
    try:
        interrupted = interrupted_renewal(workspace)
        edits = RestoredCode((), interrupted.patch) if interrupted else save_edits(workspace)
        saved = edits.saved_note
    except LabError as error:
        saved = f"The edits could not be saved: {error.message}"
    remedy = f"Rebuild code and database, with the edits saved as a patch: {shipped.RENEW}"
    if workspace.library.root != workspace.root and (workspace.root / "lab.toml").exists():
        remedy = f"To use this folder's own library: lab --library {workspace.root} up. {remedy}"
    return Refused(f"The lab in this workspace {what}. Nothing was changed. {saved}".rstrip(), remedy)
