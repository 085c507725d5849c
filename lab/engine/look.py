"""Look at every fix, and work out what its code would become. Nothing is written, no lock is needed."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import PurePosixPath

from lab.catalog import Catalog, Fix
from lab.engine import candidate, files, journal
from lab.engine.patches import Patcher
from lab.engine.plan import Standing, Verb, half
from lab.engine.schema import View
from lab.engine.state import Finding, State
from lab.errors import Refused
from lab.workspace import Workspace


def standings(
    workspace: Workspace, catalog: Catalog, patcher: Patcher, view: View | None
) -> dict[int, Standing]:
    """How every fix stands; without a view of the database, its schema is unknown."""
    read = partial(files.read, workspace.root)
    ours = journal.ours(workspace)
    made_by = partial(candidate.maker, workspace)
    return {
        fix.number: Standing(
            fix,
            patcher.finding(fix, read),
            Finding(State.UNKNOWN) if view is None else view.finding(fix, made_by),
            view is not None and fix.revision in view.recorded,
            fix.number in ours,
        )
        for fix in catalog.fixes
    }


def contents_of(
    patcher: Patcher, workspace: Workspace, verb: Verb, fixes: Iterable[Fix], found: Mapping[int, Standing]
) -> dict[int, tuple[files.FileChange, ...]]:
    """Every file that each fix changes, before and after, one fix on top of the other; nothing is written.

    Raises:
        Refused: the code of one does not fit, or is there in part.
    """
    overlay: dict[PurePosixPath, bytes | None] = {}

    def read(path: PurePosixPath) -> bytes | None:
        return overlay[path] if path in overlay else files.read(workspace.root, path)

    contents: dict[int, tuple[files.FileChange, ...]] = {}
    for fix in fixes:
        turn = patcher.put_on if verb is Verb.APPLY else patcher.take_off
        try:
            changes = turn(fix, read)
        except Refused:
            turn(fix, partial(files.read, workspace.root))  # names the lines as they stand, if it is they
            raise
        if found[fix.number].code.state is State.MIXED:
            raise half(found[fix.number])
        contents[fix.number] = tuple(c for c in changes if c.before != c.after)
        overlay.update({change.path: change.after for change in changes})
    return contents
