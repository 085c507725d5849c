"""A copy of the template that is made before a measurement needs it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.runtime import databases
from lab.runtime.account import Account
from lab.shadow import data, leftovers
from lab.shadow.leftovers import Reservation, unused_name
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Spare:
    """A copied database that no measurement has used, and the oid of the template that it was copied from."""

    reserved: Reservation
    template: int

    def is_current(self, account: Account, template: str) -> bool:
        """Whether the template is still the one that it was copied from."""
        return databases.oid(account, template) == self.template


def make_spare(workspace: Workspace, account: Account, template: str, folder: Path) -> Spare:
    """Copy the template for a measurement in `folder`. Raises as `copy_template`; then nothing is left."""
    oid = databases.oid(account, template) or 0
    spare = Spare(leftovers.reserve(folder, unused_name()), oid)
    try:
        data.copy_template(account, template, spare.reserved, workspace)
    except BaseException:
        discard(spare, account)
        raise
    return spare


def discard(spare: Spare, account: Account) -> None:
    """Drop the copy and delete its folder. Raises EnvironmentFault: the server refuses; the folder stays."""
    leftovers.remove(spare.reserved, account)
    shutil.rmtree(spare.reserved.folder, ignore_errors=True)
