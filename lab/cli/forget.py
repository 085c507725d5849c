"""The commands `lab card keep` and `lab card forget`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli import output
from lab.cli.command import json_option
from lab.operations import Refused
from lab.sentences import counted, printable

if TYPE_CHECKING:
    from lab.operations.forget import Forgotten, Kept


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--until",
    required=True,
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day, as in 2030-12-31.",
)
@json_option
def keep(folder: Path, until: datetime, as_json: bool) -> None:
    """Set the date until which a card is to be kept.

    FOLDER is that of one submission, or that of a lab grade with all of them. Until then, lab card forget
    asks before it deletes anything. Nothing is deleted by itself after that date.

    Exit codes: 2 there is no card, or the date is not valid.

    Example: lab card keep cards --until 2030-12-31
    """
    from lab.operations.forget import keep_until

    output.result(keep_until(folder, until.date()), as_json, _kept)


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask, even if a date or a file speaks against it.")
@json_option
def forget(folder: Path, yes: bool, as_json: bool) -> None:
    """Delete one person's data, and leave a tombstone.

    The card in FOLDER is deleted, and all that was made from it; so are the marks, notes and names in the
    history of marks. Its hashes stay, with a tombstone that says when, in a folder without the person's name.
    The table and the page of the batch are made again without them. What was handed in is not deleted. Asks
    first if the card is to be kept until a later date.

    Exit codes: 0 deleted, 2 there is no card, 3 not deleted: the answer was no, or there was no
    terminal to ask at.

    Example: lab card forget cards/ada
    """
    from lab.operations import forget as operation

    asked = operation.plan(folder, date.today())
    if asked.reasons and not yes:
        reasons = " ".join(asked.reasons)
        if not sys.stdin.isatty():
            raise Refused(f"{asked.folder} was not deleted. {reasons}", "To delete it all the same: --yes.")
        output.message(reasons)
        if not click.confirm(f"Delete {asked.folder} all the same?", err=True):
            raise Refused("Nothing was deleted.")
    output.result(operation.forget(asked), as_json, _forgotten)


def _kept(found: Kept) -> Iterator[str]:
    count = len(found.folders)
    yield f"{count} card{' is' if count == 1 else 's are'} to be kept until {found.until}."
    if found.replaced:
        yield f"Until now: {', '.join(found.replaced)}."


def _forgotten(found: Forgotten) -> Iterator[str]:
    yield f"Deleted: {', '.join(map(printable, found.files)) or 'nothing more'}."
    if found.events:
        yield f"Emptied: {counted(found.events, 'event')} of the history of marks."
    yield f"The tombstone is {found.tombstone}."
    yield f"Not deleted, if there is any: {'; '.join(found.elsewhere)}."
