"""The help that a candidate was given, and which of it is in what they handed in."""

from collections.abc import Sequence
from functools import partial

from lab.catalog import Fix
from lab.engine import candidate, file_changes
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.state import State
from lab.handouts import Handout
from lab.workspace import Workspace


def given_fixes(record: Handout | None) -> frozenset[int]:
    """Return the bugs whose fix the candidate was given."""
    return frozenset(one.bug for one in record.given if one.kind == "fix") if record else frozenset()


def in_place(workspace: Workspace, record: Handout | None, fixes: Sequence[Fix]) -> tuple[Fix, ...]:
    """Return those of the fixes that were applied for the candidate and whose schema the work leaves to lab.

    A fix that was taken back since, as by `lab reset --code`, has no code there: the work may make that
    schema itself. One that was exported too brings its schema if its revision is there.

    Raises EnvironmentFault: a file cannot be read, or git is missing.
    """
    if record is None:
        return ()
    fixes_given = [one for one in record.given if one.kind == "fix"]
    applied = {one.bug for one in fixes_given if not one.revision}
    revisions = candidate.revision_ids(workspace)
    exported = {one.bug for one in fixes_given if one.revision in revisions}
    patcher, read = Patcher(ShippedTexts(workspace)), partial(file_changes.read, workspace.root)
    return tuple(
        fix
        for fix in fixes
        if fix.number in applied - exported and patcher.state_of(fix, read).state is not State.ABSENT
    )
