"""The command `lab grade`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from click.core import ParameterSource

from lab.cli import output
from lab.cli.command import candidate_options, format_options, json_option
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
    "--executor",
    default="",
    show_default=False,
    metavar="URL",
    help="Grade on a Dask cluster: dask://127.0.0.1:PORT or tls://HOST:PORT.  [default: on this machine]",
)
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=900.0, help="Seconds that one submission may take."
)
@click.option(
    "--handout",
    default="",
    show_default=False,
    metavar="FILE|DIR|ID",
    help="The handout of all submissions: its record, a folder or an id.  [default: what each one names]",
)
@format_options(multiple=True)
@candidate_options("Write a copy for each candidate too: candidate.html.")
@click.option("--again", is_flag=True, help="Measure anew what has a card or a result already.")
@click.option("--no-sandbox", "unwalled", is_flag=True, help="Grade on a machine without walls too.")
@click.option(
    "--pack",
    "bundles",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Grade nothing: write a bundle of each submission to DIR.",
)
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Take the results of bundles that are in DIR.",
)
@click.option(
    "--one",
    "alone",
    is_flag=True,
    help="Grade one bundle, in place of SUBMISSION, and write its result to --out.",
)
@click.option("--work", type=click.Path(exists=True, file_okay=False, path_type=Path), hidden=True)
@click.option("--tied", is_flag=True, hidden=True)
@json_option
@click.pass_context
def grade(
    context: click.Context,
    submissions: tuple[Path, ...],
    out: Path,
    jobs: int,
    executor: str,
    timeout: float,
    handout: str,
    formats: tuple[str, ...],
    course: Path | None,
    for_candidate: bool,
    contact: str | None,
    again: bool,
    unwalled: bool,
    bundles: Path | None,
    results: Path | None,
    alone: bool,
    work: Path | None,
    tied: bool,
    as_json: bool,
) -> int:
    """Measure what candidates handed in, and write a card for each.

    A SUBMISSION is a folder, a zip file or a git bundle. Each is measured on a database server of its own,
    with the library's probes: the bugs of its handout, what else it broke, and its migrations. One that is
    broken, empty or no work on this system gets a card that says so. A card that is there already, of the
    same files, is kept; --again measures anew, as after a busy machine left something unmeasured. Each
    --format adds a file beside the card: docs/formats.md says what it holds. The points in gradescope and
    prairielearn are those of a teacher's file: --course.

    A card is card.json; card.html shows it, and index.html lists all by name. A candidate's copy shows what
    is seen of each report, without cause and figure, what else broke, and the review of their migrations.

    Exit codes: 0 every submission has a card, 2 a file is missing or cannot be used, or two submissions have
    one name, 3 another lab grades into the folder, 4 one could not be graded here, 130 interrupted: the cards
    that were written stay.

    Example: lab grade incoming/*.zip -o cards --jobs 2 --format junit --format summary
    """
    from lab.cli import grade_views
    from lab.operations import grade as operation
    from lab.operations.card import rendering
    from lab.operations.grade_bundle import grade_bundle

    mode = "--one" if alone else "--pack" if bundles is not None else ""
    if mode:
        _refuse(context, mode, WITHOUT_CARDS | (OF_THE_BUNDLE if alone else set()))
    elif contact is not None and not for_candidate:
        raise click.UsageError("--contact is for the candidates' copies: add --for-candidate.")
    if alone:
        bundle, result = _bundle_and_result(context, submissions, out)
        with output.progress() as progress:
            card = grade_bundle(
                bundle, result, timeout=timeout, work=work, tied=tied, again=again, progress=progress
            )
        if not tied:
            output.result(card, as_json, lambda _: [grade_views.alone(card, result)])
        return EnvironmentFault.exit_code if card.environment else 0
    library = find_library(context.find_root().params.get("library"))
    if bundles is not None:
        with output.progress() as progress:
            packed = operation.pack_all(
                submissions,
                out,
                bundles,
                library,
                handout=handout,
                timeout=timeout,
                unwalled=unwalled,
                again=again,
                progress=progress,
            )
        output.result(packed, as_json, grade_views.packed)
        return EnvironmentFault.exit_code if any(card.environment for card in packed.cards) else 0
    how = rendering(formats, course, library)
    with output.progress() as progress, _told_what_stays(out, again):
        graded = operation.grade(
            submissions,
            out,
            library,
            handout=handout,
            jobs=jobs,
            executor=executor,
            results=results,
            timeout=timeout,
            formats=how,
            contact=(contact or "") if for_candidate else None,
            unwalled=unwalled,
            again=again,
            progress=progress,
        )
    output.result(graded, as_json, grade_views.graded)
    return EnvironmentFault.exit_code if graded.not_graded else 0


@contextmanager
def _told_what_stays(out: Path, again: bool) -> Iterator[None]:
    """After ^C, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        same = "the same command, without --again" if again else "the same command again"
        output.message(f"The cards that are in {out} stay. To go on: {same}.")
        raise


# Names of parameters: those of cards, which --one and --pack do not write, and those that a bundle has in it.
WITHOUT_CARDS = {"formats", "course", "for_candidate", "contact", "executor", "results", "jobs"}
OF_THE_BUNDLE = {"handout", "unwalled", "bundles"}


def _refuse(context: click.Context, mode: str, names: set[str]) -> None:
    """Raise UsageError if an option was given that has no meaning in this mode."""
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is not ParameterSource.DEFAULT
        if parameter.name in names and given:
            raise click.UsageError(f"{mode} takes no {parameter.opts[0]}.")


def _bundle_and_result(context: click.Context, submissions: tuple[Path, ...], out: Path) -> tuple[Path, Path]:
    if len(submissions) != 1:
        raise click.UsageError("--one grades one bundle.")
    if context.get_parameter_source("out") is ParameterSource.DEFAULT:
        raise click.UsageError("--one needs a file for the result: -o RESULT.")
    return submissions[0], out
