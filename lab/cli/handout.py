"""The command `lab handout`, and what a candidate sees of the interviewer's commands."""

import click

from lab.cli import output
from lab.cli.command import json_option
from lab.operations import INTERVIEWERS, find_library, is_handout


@click.command()
@click.argument("folder", metavar="DIR", required=False)
@click.option(
    "--name", default="", show_default=False, help="What the handout is called, such as the candidate's name."
)
@click.option(
    "--bugs",
    default="",
    show_default=False,
    help="Numbers, ranges and slugs, with commas: 1-3,5.  [default: all]",
)
@click.option("--minutes", type=click.IntRange(1, 10_000), default=90, help="The time that BRIEF.md names.")
@click.option(
    "--ai",
    type=click.Choice(["allowed", "required", "none"]),
    default="allowed",
    help="What BRIEF.md says about AI assistants.",
)
@click.option("--archive", metavar="FILE", help="Also write a .zip of the files, or a git .bundle.")
@click.option("--list", "is_list", is_flag=True, help="List the handouts made so far, and make none.")
@json_option
@click.pass_context
def handout(
    context: click.Context,
    folder: str | None,
    name: str,
    bugs: str,
    minutes: int,
    ai: str,
    archive: str | None,
    is_list: bool,
    as_json: bool,
) -> None:
    """Make a candidate's workspace in DIR, without any solution.

    The folder DIR must be empty or not exist. It gets the code with the chosen bugs; the other bugs are
    fixed in it. It holds BRIEF.md, SPEC.md if a feature is chosen, and lab itself, whose commands there are
    the candidate's. A record of the handout stays here, for hints, help and grading. The same arguments make
    the same bytes.

    Exit codes: 2 there is no such bug, or the archive has another ending, 3 DIR is not empty, the
    archive is there already and of another handout, or a fix that would be built in requires a chosen bug.

    Example: lab handout ~/ada --name Ada --bugs 1-3,7 --minutes 90 --archive ~/ada.bundle
    """
    from pathlib import Path

    from lab.cli import handout_views
    from lab.operations import handout as operation

    library = find_library(context.find_root().params.get("library"))
    if is_list:
        output.result(operation.list_handouts(library), as_json, handout_views.listed)
        return
    if folder is None:
        raise click.UsageError("Missing argument 'DIR'.")
    made = operation.make_handout(
        Path(folder),
        library,
        name=name,
        bugs=bugs.replace(",", " ").split(),
        minutes=minutes,
        ai=ai,
        archive=Path(archive) if archive else None,
    )
    output.result(made, as_json, handout_views.made)


def hide_from_candidates(group: click.Group) -> None:
    """In a handout, replace the interviewer's commands by one that says so, and that no help lists."""
    if is_handout():
        for name in INTERVIEWERS:
            group.add_command(_refusing(name))


def _refusing(name: str) -> click.Command:
    @click.command(
        name, hidden=True, context_settings={"ignore_unknown_options": True}, add_help_option=False
    )
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def refuse(words: tuple[str, ...]) -> None:
        from lab.operations import Refused

        raise Refused(
            f"lab {name} is the interviewer's command.", "Yours are git, alembic and those of lab --help."
        )

    return refuse
