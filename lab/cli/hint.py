"""The command hint."""

from collections.abc import Iterator
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
