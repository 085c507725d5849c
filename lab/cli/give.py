"""The commands that give a candidate help: hint and fix export."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli import output
from lab.cli.command import Workspace, reports_catalog

if TYPE_CHECKING:
    from lab.operations.hints import OpenedHint


@click.command()
@click.argument("bug", metavar="N")
@click.option(
    "--for",
    "for_",
    metavar="DIR|ID",
    help="Give the hint to the candidate with this handout: a folder with it, or its id.",
)
@reports_catalog
def hint(workspace: Workspace, bug: str, for_: str | None, as_json: bool) -> None:
    """Open one more hint of a bug.

    N is a bug's number or a fix's slug. The first hint is vague, the last one says how to fix the bug.
    After the last, it is shown again. With --for, the hint is recorded as given to that candidate, and
    only the hints that they were given count as open.

    Example: lab hint 3
    """
    from lab.operations.hints import open_hint

    output.result(open_hint(workspace, bug, for_), as_json, _view)


@click.command()
@click.argument("token", metavar="N")
@click.option(
    "--handout", required=True, metavar="DIR|ID", help="The candidate's handout: its id, or a folder with it."
)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file for the patch.",
)
@reports_catalog
def export(workspace: Workspace, token: str, handout: str, file: Path, as_json: bool) -> None:
    """Write a fix as a patch, for a candidate on another machine.

    N is a fix's number or slug. The patch, for git apply, has the code and, if the schema changes, a
    plain Alembic revision on the head that was handed out. The fix is recorded as given.

    Example: lab fix export 3 --handout 5f0c2ba19d7e -o fix.patch
    """
    from lab.cli import fix_views
    from lab.operations.export import export_fix

    output.result(export_fix(workspace, token, handout, file), as_json, fix_views.exported)


def _view(opened: "OpenedHint") -> Iterator[str]:
    if opened.again:
        yield f"Bug {opened.bug} has no more hints. The last one, again:"
    total = opened.number + opened.left
    yield f"Hint {opened.number} of {total} for bug {opened.bug}: {opened.text}"
    if opened.left:
        yield f"{opened.left} more {'is' if opened.left == 1 else 'are'} left."
    elif not opened.again:
        yield "This was the last one."
    if opened.handout:
        state = "was recorded before" if opened.again else "is recorded"
        yield f"It {state} as given in the handout {opened.handout}."
