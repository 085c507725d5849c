"""Notice that the lab in a workspace was made from another version of the library, and make it anew."""

from dataclasses import dataclass

from lab import __version__, shipped
from lab.catalog.unified_diff import blob_id
from lab.errors import EnvironmentFault, LabError, Refused
from lab.operations.ownership import Origin
from lab.operations.restore_code import RestoredCode, record_reverted, renew_code, save_edits
from lab.operations.template import shipped_head
from lab.progress import Progress
from lab.workspace import Workspace

RENEW = "lab up --renew"


@dataclass(frozen=True, slots=True)
class Difference:
    """The version of lab that made the lab, and what it shipped otherwise than this version does."""

    version: str
    what: str


def current_origin(workspace: Workspace) -> Origin:
    """Return what the workspace's library would make a template from now.

    Raises:
        UsageError: the library has no shipped head.
        EnvironmentFault: its roles cannot be read.
    """
    try:
        roles = workspace.library.roles_sql.read_bytes()
    except OSError as error:
        raise EnvironmentFault(
            f"The services' roles cannot be read: {error.strerror}: {error.filename}."
        ) from error
    return Origin(__version__, shipped_head(workspace), blob_id(roles))


def difference_of_code(workspace: Workspace) -> Difference | None:
    """Compare the code that the workspace keeps as shipped with the library's. Raises as `shipped.files`."""
    if not shipped.is_outdated(workspace):
        return None
    return Difference(shipped.kept_version(workspace), "other code")


def difference_of_template(workspace: Workspace, made: Origin | None) -> Difference | None:
    """Compare what a template was made from with what the library has. Raises as `current_origin`."""
    if made is None:
        return Difference(shipped.UNKNOWN_VERSION, "perhaps another schema or other roles")
    now = current_origin(workspace)
    if made.head != now.head:
        return Difference(made.version, f"the schema of revision {made.head}, not {now.head}")
    return Difference(made.version, "other roles") if made.roles != now.roles else None


def refusal(workspace: Workspace, found: Difference) -> Refused:
    """Save the edits of the code, and return the error that says so and how to make the lab anew."""
    try:
        kept = save_edits(workspace).saved_note
    except LabError as error:
        kept = f"The edits could not be saved: {error.message}"
    return Refused(
        f"The lab in this workspace was made by lab {found.version}, which shipped {found.what}."
        f" Nothing was changed. {kept}".rstrip(),
        f"Make the code and the database anew, with the edits saved as a patch: {RENEW}",
    )


def renew_workspace(workspace: Workspace, progress: Progress) -> RestoredCode | None:
    """Put the library's code in the workspace if that has another version's. Return None if it has not.

    In a workspace that is its own library, the code is already the library's; edits stay in place.

    Raises:
        Refused: a kept file is damaged. Nothing was changed.
        EnvironmentFault: a file cannot be read or written.
    """
    if not shipped.is_outdated(workspace):
        return None
    renewed = renew_code(workspace, progress)
    record_reverted(workspace)
    return renewed
