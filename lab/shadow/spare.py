"""A copy of the prepared server, with the applied fixes' revisions, made before a measurement needs it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Fix
from lab.runtime.prepared import Prepared
from lab.shadow import data, leftovers
from lab.shadow.leftovers import Reservation
from lab.shadow.server import ShadowServer, start_server


@dataclass(frozen=True, slots=True)
class Spare:
    """A running server that no measurement has used: a copy of `prepared`, with these fixes."""

    reserved: Reservation
    prepared: Prepared
    server: ShadowServer
    applied: tuple[Fix, ...]

    def fits(self, prepared: Prepared, applied: tuple[Fix, ...]) -> bool:
        """Whether a copy that is made now would be the same."""
        return (prepared, applied) == (self.prepared, self.applied)


def make_spare(prepared: Prepared, applied: tuple[Fix, ...], folder: Path) -> Spare:
    """Copy the prepared server for a measurement in `folder`, and run the revisions of the fixes.

    Raises as `start_server` and `apply_fixes`; then nothing is left.
    """
    reserved = leftovers.reserve(folder)
    try:
        server = start_server(prepared, reserved)
        data.apply_fixes(server.url, applied)
    except BaseException:
        leftovers.remove(reserved)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Spare(reserved, prepared, server, applied)


def discard(spare: Spare) -> None:
    """Stop the server and delete its folder. Raises EnvironmentFault: it still runs; the folder stays."""
    leftovers.remove(spare.reserved)
    shutil.rmtree(spare.reserved.folder, ignore_errors=True)
