"""A copy of the template, with the applied fixes' revisions, that is made before a measurement needs it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Fix
from lab.runtime import databases
from lab.runtime.account import Account
from lab.shadow import data, leftovers
from lab.shadow.leftovers import Reservation, unused_name
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Spare:
    """A copied database that no measurement has used: of the template with this oid, with these fixes."""

    reserved: Reservation
    template: int
    applied: tuple[Fix, ...]

    def fits(self, account: Account, template: str, applied: tuple[Fix, ...]) -> bool:
        """Whether a copy that is made now would be the same."""
        return applied == self.applied and databases.oid(account, template) == self.template


def make_spare(
    workspace: Workspace, account: Account, template: str, applied: tuple[Fix, ...], folder: Path
) -> Spare:
    """Copy the template for a measurement in `folder`, and run the revisions of the fixes.

    Raises as `copy_template` and `apply_fixes`; then nothing is left.
    """
    oid = databases.oid(account, template) or 0
    spare = Spare(leftovers.reserve(folder, unused_name()), oid, applied)
    try:
        data.apply_fixes(data.copy_template(account, template, spare.reserved, workspace), applied)
    except BaseException:
        discard(spare, account)
        raise
    return spare


def discard(spare: Spare, account: Account) -> None:
    """Drop the copy and delete its folder. Raises EnvironmentFault: the server refuses; the folder stays."""
    leftovers.remove(spare.reserved, account)
    shutil.rmtree(spare.reserved.folder, ignore_errors=True)
