"""The commands that measure: check, demo, and verify, which the group `fix` has."""

from __future__ import annotations

import click

from lab.cli import output
from lab.cli.context import workspace
from lab.cli.fix import tell_step

json_option = click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
some_bugs = click.argument("bugs", nargs=-1, metavar="[N]...")


@click.command()
@some_bugs
@click.option("--watch", is_flag=True, help="Measure again whatever a saved file touches, until ^C.")
@click.option("--full", is_flag=True, help="Measure to the end, also what is certain before.")
@json_option
@click.pass_context
def check(ctx: click.Context, bugs: tuple[str, ...], watch: bool, full: bool, as_json: bool) -> None:
    """Measure the bugs' symptoms in a copy of the lab.

    All of them, or those named. The running lab is not touched. Ends with 1 when a symptom
    shows, with 4 when one was not measured.

    Example: lab check 3 5
    """
    from lab.cli import check_views
    from lab.operations import measure
    from lab.operations.watch import Watch

    here = workspace(ctx)
    chosen = bugs
    files = Watch(here, bugs) if watch else None
    while True:
        with output.progress() as tell:
            found = measure.check(here, chosen, full=full, progress=tell)
        output.emit(found, as_json, check_views.checked)
        if files is None:
            break
        output.note("Waiting for a file to be saved. ^C ends.")
        chosen = files.wait()
    if found.symptoms:
        ctx.exit(1)
    if found.unmeasured:
        ctx.exit(4)


@click.command()
@click.argument("bug", metavar="N")
@click.option("--keep", is_flag=True, help="Leave the fix applied.")
@json_option
@click.pass_context
def demo(ctx: click.Context, bug: str, keep: bool, as_json: bool) -> None:
    """Show a fix at work, before and after.

    Measures, applies it, measures again, shows both side by side, and reverts it.

    Example: lab demo 5
    """
    from lab.cli import check_views
    from lab.operations import demo as operation

    here = workspace(ctx)
    options = operation.Options(progress=tell_step)
    with output.progress() as tell:
        found = operation.demo(here, bug, keep=keep, options=options, progress=tell)
    output.emit(found, as_json, check_views.shown)


@click.command()
@click.argument("fixes", nargs=-1, metavar="[N]...")
@json_option
@click.pass_context
def verify(ctx: click.Context, fixes: tuple[str, ...], as_json: bool) -> None:
    """Prove fixes in a copy of the lab.

    Each in turn: the symptom, apply, gone, no other verdict changed, revert, the symptom again, no trace.

    Example: lab fix verify 5
    """
    from lab.cli import check_views
    from lab.operations import verify as operation

    with output.progress() as tell:
        found = operation.verify(workspace(ctx), fixes, progress=tell)
    output.emit(found, as_json, check_views.verified)
    if found.problems:
        ctx.exit(1)


commands = (check, demo)
