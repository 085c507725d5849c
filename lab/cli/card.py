"""The command group `lab card`, and how a card is shown."""

from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import CommandGroup, format_options, json_option
from lab.operations import find_library


@click.group(cls=CommandGroup)
def card() -> None:
    """Show and mark cards, and delete a person's data.

    Example: lab card mark cards/ada --name "Grace Hopper" --page
    """


@card.command()
@click.argument("path", type=click.Path(path_type=Path))
@format_options(multiple=False)
@json_option
@click.pass_context
def show(context: click.Context, path: Path, form: str | None, course: Path | None, as_json: bool) -> None:
    """Show a card.

    PATH is a card.json, or its folder. Without --format, all of the card is shown for reading: verdicts with
    their figures, what else broke and the requests that lead there, the review of the migrations, the time,
    and which help was given.

    Exit codes: 2 there is no such card, or the format needs a course file.

    Example: lab card show cards/ada --format summary
    """
    from lab.cli import card_views
    from lab.cli.tables import Verbatim
    from lab.operations import card as operation
    from lab.scorecard.card_file import read_card_file

    if form and as_json:
        raise click.UsageError("--json prints the card itself: leave out --format.")
    found = read_card_file(path)
    if form is None:
        output.result(found if as_json else operation.readable(found), as_json, card_views.card)
        return
    how = operation.rendering([form], course, find_library(context.find_root().params.get("library")))
    output.line(Verbatim(operation.rendered(found, form, how.course).removesuffix("\n")))
