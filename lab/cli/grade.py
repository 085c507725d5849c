"""The command `lab grade`."""

from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import format_options, json_option
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
@format_options(multiple=True)
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
    formats: tuple[str, ...],
    course: Path | None,
    alone: bool,
    as_json: bool,
) -> int:
    """Measure what candidates handed in, and write a card for each.

    A SUBMISSION is a folder, a zip file or a git bundle. Each is measured on a database server of its own,
    with the library's probes: the bugs of its handout, what else it broke, and its migrations. One that is
    broken, empty or no work on this system gets a card that says so. A card that is there already, of the
    same files, is kept. Each --format adds a file beside the card: docs/formats.md says what it holds. The
    points in gradescope and prairielearn are those of a teacher's file: --course.

    Exit codes: 0 every submission has a card, 2 there is no such file or no course file, 4 one could not be
    graded here.

    Example: lab grade incoming/*.zip -o cards --jobs 2 --format junit --format summary
    """
    from lab.cli import grade_views
    from lab.operations import grade as operation
    from lab.operations.card import rendering
    from lab.operations.grade_one import Asked, grade_one

    library = find_library(context.find_root().params.get("library"))
    if alone:
        record = operation.read_handout(handout) if handout else None
        with output.progress() as progress:
            card = grade_one(submissions[0], out, Asked(library, record), progress)
        return EnvironmentFault.exit_code if card.environment else 0
    how = rendering(formats, course, library)
    with output.progress() as progress:
        graded = operation.grade(
            submissions,
            out,
            library,
            handout=handout,
            jobs=jobs,
            timeout=timeout,
            formats=how,
            progress=progress,
        )
    output.result(graded, as_json, grade_views.graded)
    return EnvironmentFault.exit_code if graded.not_graded else 0
