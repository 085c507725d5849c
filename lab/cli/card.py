"""The command group `lab card`, and how a card is shown."""

from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import CommandGroup, candidate_options, format_options, json_option
from lab.operations import find_library


@click.group(cls=CommandGroup)
def card() -> None:
    """Show and mark cards, and delete a person's data.

    Example: lab card mark cards/ada --name "Grace Hopper" --page
    """


@card.command()
@click.argument("path", type=click.Path(path_type=Path))
@format_options(multiple=False)
@candidate_options("Print the page that the candidate may have.")
@json_option
@click.pass_context
def show(
    context: click.Context,
    path: Path,
    form: str | None,
    course: Path | None,
    for_candidate: bool,
    contact: str | None,
    as_json: bool,
) -> None:
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
    from lab.scorecard.for_candidate import candidate_page

    if [bool(form), for_candidate, as_json].count(True) > 1:
        raise click.UsageError("Name one of --format, --for-candidate and --json.")
    if course is not None and form is None:
        raise click.UsageError("--course is for the points of a --format.")
    found = read_card_file(path)
    if for_candidate:
        output.line(Verbatim(candidate_page(found, contact or "").removesuffix("\n")))
        return
    if form is None:
        shown = found if as_json else operation.readable(found)
        output.result(shown, as_json, lambda one: card_views.card(one, found.judgement))
        return
    how = operation.rendering([form], course, find_library(context.find_root().params.get("library")))
    output.line(Verbatim(operation.rendered(found, form, how.course).removesuffix("\n")))
