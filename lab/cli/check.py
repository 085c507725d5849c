"""The commands that measure bugs: check and demo."""

import sys
from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import Workspace, reports
from lab.operations import EnvironmentFault, LabError


@click.command(short_help="Measure which bugs are fixed, and what else broke.")
@click.argument("bugs", nargs=-1, metavar="[N]...")
@click.option(
    "--watch",
    is_flag=True,
    help="After each save, measure the bugs that the saved file may affect. End with Ctrl-C.",
)
@click.option(
    "--full", is_flag=True, help="Take every measurement, even when the verdict is already certain."
)
@click.option(
    "--box", is_flag=True, help="Measure in a box: a network and a database server that nothing else shares."
)
@click.option("--bugs-only", is_flag=True, help="Do not ask whether all that is beside the bugs still works.")
@click.option(
    "--for-candidate",
    is_flag=True,
    help="Show only each symptom and whether it still shows: no cause, no figures.",
)
@reports
def check(
    workspace: Workspace,
    bugs: tuple[str, ...],
    watch: bool,
    full: bool,
    box: bool,
    bugs_only: bool,
    for_candidate: bool,
    as_json: bool,
) -> int:
    """Measure which bugs are fixed, and whether all that worked still works.

    N is a bug's number, a range such as 1-3, a fix's slug, or all. Without N, measure all bugs. The
    measurement uses a copy of the lab, whose code runs behind walls: it reaches neither the running lab
    nor your files, as far as this machine can (lab doctor).

    Then the same requests are sent to your code and to a reference: what is answered otherwise, and a
    row that a migration lost, is a regression. With --watch, only the bugs are measured.

    What is wrong with how your migrations ran is told apart from the bugs; lab migration review has more.

    The exit code is 1 when a bug is not fixed, there is a regression or your migrations fail; otherwise it
    is 4 when something could not be measured. It is 3 if a change of a fix was interrupted (lab fix
    recover): its files may be changed only in part.

    Example: lab check 3 5
    """
    from lab.cli import check_views
    from lab.operations import measure, neutral
    from lab.operations.watch import check_on_save

    def show(checked: measure.Checked) -> None:
        if for_candidate:
            output.result(neutral.for_candidate(checked), as_json, check_views.for_candidate)
        else:
            output.result(checked, as_json, check_views.checked)

    if watch and box:
        raise click.UsageError("--watch does not measure in a box.")
    if watch:
        for checked in check_on_save(workspace, bugs, output.progress, thorough=full):
            show(checked)
            output.message("Waiting until a file is saved. End with Ctrl-C.")
    with output.progress() as progress:
        checked = measure.check(
            workspace, bugs, thorough=full, box=box, bugs_only=bugs_only, progress=progress
        )
    show(checked)
    if checked.symptoms or checked.regressions or checked.migrations_fail:
        return LabError.exit_code
    return EnvironmentFault.exit_code if checked.unmeasured or checked.not_compared else 0


@click.command()
@click.argument("bug", metavar="N")
@click.option("--step", is_flag=True, help="Wait for Enter between symptom, cause, cure and result.")
@click.option("--keep", is_flag=True, help="Do not revert the fix at the end.")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also write the demonstration to FILE, as one page without external parts.",
)
@reports
def demo(workspace: Workspace, bug: str, step: bool, keep: bool, page: Path | None, as_json: bool) -> int:
    """Show a bug's symptom, its cause, its cure, and the difference.

    N is a fix's number or slug. The bug is measured. Its cause, the fix's change of the code and its SQL
    are shown. Then the fix is applied, the bug is measured again, and the fix is reverted; the table of
    figures before and after comes last. The fix is applied to your own code and database; services whose
    files changed are restarted. The command is refused if the fix is applied already. With --step, the
    command needs a terminal. The exit code is 1 if the bug still shows with the fix, and
    4 if that could not be measured.

    Example: lab demo 3 --step
    """
    from lab.cli import demo_page, demo_views
    from lab.operations import demo as operation

    if step and (as_json or not sys.stdin.isatty()):
        raise click.UsageError("--step waits for Enter, so it needs a terminal, and no --json.")
    with output.progress() as progress:
        symptom = operation.show_symptom(workspace, bug, progress=progress)
    if not as_json:
        acts = (
            (demo_views.symptom, "the cause"),
            (demo_views.cause, "the cure"),
            (demo_views.cure, "apply it"),
        )
        for view, following in acts:
            output.result(symptom, False, view)
            if step:
                output.wait_for_enter(following)
        output.heading("Applied and measured" if keep else "Applied, measured, reverted")
    with output.progress() as progress:
        options = operation.Options(progress=progress)
        shown = operation.show_cure(workspace, symptom, keep=keep, options=options, progress=progress)
    output.result(shown, as_json, demo_views.demonstrated)
    if page is not None:
        operation.save_page(page, demo_page.render(shown))
        output.message(f"Wrote {page}.")
    if shown.is_cured is None:
        return EnvironmentFault.exit_code
    return 0 if shown.is_cured else LabError.exit_code
