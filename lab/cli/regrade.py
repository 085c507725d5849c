"""The command `lab regrade`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli import output
from lab.cli.command import json_option
from lab.operations import find_library
from lab.sentences import counted, printable

if TYPE_CHECKING:
    from lab.operations.regrade import Regraded


@click.command()
@click.argument("old", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    "new",
    metavar="NEW",
    required=True,
    type=click.Path(path_type=Path),
    help="The new folder.",
)
@json_option
@click.pass_context
def regrade(context: click.Context, old: Path, new: Path, as_json: bool) -> None:
    """Make cards for a newer rubric from those in OUT.

    The rubric is the library's, as it is now. Nothing is measured again: the new cards have the same evidence
    and the same judgement. OUT and the marks in it stay as they are. Marks are not copied, because they were
    given by another rubric.

    Exit codes: 2 there are no cards, one cannot be read, or the library has no rubric, 3 NEW is not empty.

    Example: lab regrade cards -o cards-2
    """
    from lab.operations.regrade import regrade as operation

    library = find_library(context.find_root().params.get("library"))
    output.result(operation(old, new, library), as_json, _view)


def _view(found: Regraded) -> Iterator[str]:
    count = len(found.cards)
    yield f"{counted(count, 'card')} in {found.new}, with the rubric {found.rubric[:12]}."
    if found.unchanged:
        yield f"{len(found.unchanged)} of them had this rubric already."
    if found.marked:
        names = ", ".join(map(printable, found.marked))
        yield f"Marks were not copied: those of {names} stay in {found.old}."
