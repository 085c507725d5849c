"""The commands of the group `fix`: list, show, status, apply, revert, recover, log, new, verify."""

from collections.abc import Callable, Sequence
from functools import partial

import click

from lab.cli import output
from lab.cli.command import CommandGroup, Workspace, reports, reports_catalog
from lab.operations import EnvironmentFault, LabError

no_restart_option = click.option(
    "--no-restart",
    is_flag=True,
    help="Do not restart the services: their old code may fail on the new schema.",
)


@click.group(cls=CommandGroup)
def fix() -> None:
    """Apply and revert fixes, code and schema together.

    N is a fix's number, a range such as 1-3, a slug, or all. lab fix show takes a number or a slug.

    Example: lab fix apply 5
    """


@fix.command("list")
@reports_catalog
def list_(workspace: Workspace, as_json: bool) -> None:
    """List the fixes.

    A fix that cannot be used is listed with its problems.

    Example: lab fix list
    """
    from lab.cli import fix_views
    from lab.operations.catalog import list_fixes

    output.result(list_fixes(workspace), as_json, fix_views.library)


@fix.command()
@click.argument("token", metavar="N")
@click.option("--hints", is_flag=True, help="Show all hints.")
@click.option("--diff", is_flag=True, help="Show only the change to the code.")
@click.option("--sql", is_flag=True, help="Show only the SQL that applies and reverts the schema change.")
@click.option("--guide", is_flag=True, help="Show only the interviewer's guide.")
@reports_catalog
def show(
    workspace: Workspace, token: str, hints: bool, diff: bool, sql: bool, guide: bool, as_json: bool
) -> None:
    """Show a bug's symptom, and how many hints there are.

    N is a fix's number or slug. With --diff, --sql or --guide, show the solution; with --hints, the way
    to it. With any of these options, --json prints all about the fix.

    Example: lab fix show 7 --sql
    """
    from lab.cli import fix_views
    from lab.operations import catalog

    if hints or diff or sql or guide:
        view = partial(fix_views.details, hints=hints, diff=diff, sql=sql, guide=guide)
        output.result(catalog.show_fix(workspace, token), as_json, view)
    else:
        output.result(catalog.show_symptom(workspace, token), as_json, fix_views.symptom)


@fix.command()
@reports
def status(workspace: Workspace, as_json: bool) -> None:
    """Show which fixes are applied, in the code and in the schema.

    If a fix is mixed (only partly there), or cannot be applied or reverted, a last column says why.
    A fix that only waits for another fix which it requires is not such a problem.

    Example: lab fix status
    """
    from lab.cli import fix_views
    from lab.operations.fix_status import fix_status

    output.result(fix_status(workspace), as_json, fix_views.status)


def _changes(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Make `command` get the workspace, and the argument and options that `apply` and `revert` share."""
    dry_run = click.option("--dry-run", is_flag=True, help="Print the diff and the SQL; change nothing.")
    fixes = click.argument("fixes", nargs=-1, required=True, metavar="N...")
    return fixes(dry_run(no_restart_option(reports(command))))


@fix.command()
@click.option(
    "--replace",
    "replacing",
    is_flag=True,
    help="Replace edits that are in the way, after saving all edits as a patch in .lab/saved.",
)
@click.option(
    "--check/--no-check",
    default=None,
    help="Measure afterwards whether the bugs are fixed.  [default: only in a handout]",
)
@_changes
def apply(
    workspace: Workspace,
    fixes: tuple[str, ...],
    replacing: bool,
    check: bool | None,
    dry_run: bool,
    no_restart: bool,
    as_json: bool,
) -> int:
    """Apply fixes to the code and the schema.

    N is a fix's number, a range such as 1-3, a slug, or all. Either all the fixes that you name are
    applied, or none. Services whose files changed are restarted before the schema loses what their
    old code needs. A fix that is there in the candidate's own work counts as applied. In a handout, the
    fixes are recorded as given to its candidate.

    Exit codes: 1 a bug was measured, and is not fixed; 4 with --check, a bug could not be measured.

    Example: lab fix apply 1-3 5
    """
    from lab.cli import fix_views
    from lab.operations.fixes import Options
    from lab.operations.rescue import rescue

    with output.progress() as progress:
        done = rescue(
            workspace,
            fixes,
            dry_run=dry_run,
            replacing=replacing,
            restart=not no_restart,
            check=check,
            options=Options(progress=progress),
            progress=progress,
        )
    output.result(done, as_json, fix_views.changed)
    _tell_crashes(workspace, done.restarted)
    if any(one.fixed is False for one in done.outcomes):
        return LabError.exit_code
    return EnvironmentFault.exit_code if check and any(one.fixed is None for one in done.outcomes) else 0


@fix.command()
@_changes
def revert(
    workspace: Workspace, fixes: tuple[str, ...], dry_run: bool, no_restart: bool, as_json: bool
) -> None:
    """Revert fixes in the code and the schema.

    N is a fix's number, a range such as 1-3, a slug, or all. Either all the fixes that you name are
    reverted, or none. Services whose files changed are restarted before the schema loses what their
    old code needs.

    Example: lab fix revert all
    """
    from lab.cli import fix_views
    from lab.operations import fixes as operation

    with output.progress() as progress:
        options = operation.Options(progress=progress)
        done = operation.revert(workspace, fixes, dry_run=dry_run, restart=not no_restart, options=options)
    output.result(done, as_json, fix_views.changed)
    _tell_crashes(workspace, done.restarted)


@fix.command()
@click.argument("fixes", nargs=-1, metavar="[N]...")
@no_restart_option
@reports
def recover(workspace: Workspace, fixes: tuple[str, ...], no_restart: bool, as_json: bool) -> None:
    """Undo an interrupted apply, or finish an interrupted revert.

    Either way, the fixes of that change are not applied afterwards. Other mixed (only partly there)
    fixes that lab applied are reverted too, except those whose code is only partly there. These, and
    fixes that lab did not apply, are reverted if you name them: N is a fix's number, a range such as
    1-3, or a slug. A fix that is applied completely is refused: use lab fix revert.

    Example: lab fix recover
    """
    from lab.cli import fix_views
    from lab.operations import fixes as operation

    with output.progress() as progress:
        options = operation.Options(progress=progress)
        done = operation.recover(workspace, fixes, restart=not no_restart, options=options)
    output.result(done, as_json, fix_views.recovered)
    _tell_crashes(workspace, done.restarted)


@fix.command()
@reports
def log(workspace: Workspace, as_json: bool) -> None:
    """Show when fixes were applied and reverted, oldest first.

    Example: lab fix log
    """
    from lab.cli import fix_views
    from lab.operations.fix_status import fix_log

    output.result(fix_log(workspace), as_json, fix_views.log)


@fix.command()
@click.argument("slug")
@reports_catalog
def new(workspace: Workspace, slug: str, as_json: bool) -> None:
    """Create the folder of a new fix, with files to fill in.

    SLUG is the fix's short name. The command lists what you have to fill in.

    Example: lab fix new stale_cache
    """
    from lab.cli import fix_views
    from lab.operations.catalog import new_fix

    output.result(new_fix(workspace, slug), as_json, fix_views.created)


@fix.command()
@click.argument("fixes", nargs=-1, metavar="[N]...")
@reports
def verify(workspace: Workspace, fixes: tuple[str, ...], as_json: bool) -> int:
    """Prove that fixes work, in a copy of the lab.

    N is a fix's number, a range such as 1-3, a slug, or all. Without N, prove all fixes. The copy has
    the shipped code, and must show every bug. Then each fix is applied: its bug must be gone, and no
    other verdict may change. It is reverted: its bug must be back, and code and schema must be as
    before. This takes about a minute for each fix. Without N, or with the word all, all fixes are also
    applied together at the end, and a fix that cannot be used counts as failed. The exit code is 1
    when a fix fails.

    Example: lab fix verify 5
    """
    from lab.cli import check_views
    from lab.operations import verify as operation

    with output.progress() as progress:
        verified = operation.verify(workspace, fixes, progress=progress)
    output.result(verified, as_json, check_views.verified)
    return LabError.exit_code if verified.problems else 0


def _tell_crashes(workspace: Workspace, restarted: Sequence[str]) -> None:
    if restarted:
        from lab.operations.restart import crashes

        for text in crashes(workspace, restarted):
            output.message(text)
