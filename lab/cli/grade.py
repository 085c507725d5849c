"""The command `lab grade`."""

from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import json_option
from lab.operations import EnvironmentFault, find_library


@click.command()
@click.argument(
    "submissions", nargs=-1, required=True, metavar="SUBMISSION...", type=click.Path(path_type=Path)
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("cards"), help="The folder for the cards."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Submissions at the same time.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=900.0, help="Seconds that one submission may take."
)
@click.option(
    "--handout",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The record of the handout.  [default: the one that the submission names]",
)
@click.option("--for-candidate", is_flag=True, help="Write a copy for each candidate too: candidate.html.")
@click.option(
    "--contact",
    metavar="TEXT",
    help="Whom a candidate asks for a correction.  [default: the person who gave the handout]",
)
@click.option("--one", "alone", is_flag=True, hidden=True)
@json_option
@click.pass_context
def grade(
    context: click.Context,
    submissions: tuple[Path, ...],
    out: Path,
    jobs: int,
    timeout: float,
    handout: Path | None,
    for_candidate: bool,
    contact: str | None,
    alone: bool,
    as_json: bool,
) -> int:
    """Measure what candidates handed in, and write a card for each.

    A SUBMISSION is a folder, a zip file or a git bundle. Each is measured on a database server of its own,
    with the library's probes: the bugs of its handout, what else it broke, and its migrations. One that is
    broken, empty or no work on this system gets a card that says so. A card that is there already, of the
    same files, is kept.

    A card is card.json; card.html shows it, and index.html lists all by name. A candidate's copy shows what
    is seen of each report, without causes, figures and marks.

    Exit codes: 0 every submission has a card, 2 there is no such file, 4 one could not be graded here.

    Example: lab grade incoming/*.zip -o cards --jobs 2
    """
    from lab.cli import grade_views
    from lab.operations import grade as operation
    from lab.operations.grade_one import Asked, grade_one

    library = find_library(context.find_root().params.get("library"))
    if alone:
        record = operation.read_handout(handout) if handout else None
        with output.progress() as progress:
            card = grade_one(submissions[0], out, Asked(library, record), progress)
        return EnvironmentFault.exit_code if card.environment else 0
    with output.progress() as progress:
        graded = operation.grade(
            submissions,
            out,
            library,
            handout=handout,
            jobs=jobs,
            timeout=timeout,
            contact=(contact or "") if for_candidate else None,
            progress=progress,
        )
    output.result(graded, as_json, grade_views.graded)
    return EnvironmentFault.exit_code if graded.not_graded else 0
