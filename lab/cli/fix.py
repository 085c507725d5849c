"""The commands of the library of fixes: list, show, status, apply, revert, recover, log, new."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from lab.cli import output
from lab.cli.context import workspace

if TYPE_CHECKING:
    from lab.operations import Update
    from lab.operations.catalog import FixDetails

json_option = click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
dry_option = click.option("--dry-run", is_flag=True, help="Show the diff and the SQL; change nothing.")
restart_option = click.option("--no-restart", is_flag=True, help="Leave the services as they run.")
some_fixes = click.argument("fixes", nargs=-1, required=True, metavar="N...")


@click.group()
def fix() -> None:
    """Put proven fixes on and take them off, schema and code as one.

    N is a number, a range such as 1-3, a slug, or all.

    Example: lab fix apply 5
    """


@fix.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the fixes.

    Folders that cannot be used are listed too, with everything that is wrong with them.

    Example: lab fix list
    """
    from lab.cli import fix_views
    from lab.operations.catalog import list_fixes

    output.emit(list_fixes(workspace(ctx)), as_json, fix_views.library)


@fix.command()
@click.argument("fix_name", metavar="N")
@click.option("--diff", is_flag=True, help="The change of the code.")
@click.option("--sql", is_flag=True, help="The change of the schema.")
@click.option("--guide", is_flag=True, help="The interviewer's guide.")
@json_option
@click.pass_context
def show(ctx: click.Context, fix_name: str, diff: bool, sql: bool, guide: bool, as_json: bool) -> None:
    """Show one fix: its symptom and its hints.

    With an option, what it changes and why.

    Example: lab fix show 5 --sql
    """
    from lab.cli import fix_texts
    from lab.operations.catalog import show_fix

    def text(shown: FixDetails) -> Iterable[str]:
        some = diff or sql or guide
        return fix_texts.parts(shown, diff=diff, sql=sql, guide=guide) if some else fix_texts.shown(shown)

    output.lines(show_fix(workspace(ctx), fix_name), as_json, text)


@fix.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show how each fix stands.

    Code and schema apart, and what of yours is in its way.

    Example: lab fix status
    """
    from lab.cli import fix_views
    from lab.operations.fix_status import fix_status

    output.emit(fix_status(workspace(ctx)), as_json, fix_views.status)


@fix.command()
@some_fixes
@dry_option
@restart_option
@json_option
@click.pass_context
def apply(ctx: click.Context, fixes: tuple[str, ...], dry_run: bool, no_restart: bool, as_json: bool) -> None:
    """Apply fixes: all that are named, or none.

    Example: lab fix apply 1-3 5
    """
    _change(ctx, "apply", fixes, dry_run, no_restart, as_json)


@fix.command()
@some_fixes
@dry_option
@restart_option
@json_option
@click.pass_context
def revert(
    ctx: click.Context, fixes: tuple[str, ...], dry_run: bool, no_restart: bool, as_json: bool
) -> None:
    """Revert fixes: all that are named, or none.

    Example: lab fix revert all
    """
    _change(ctx, "revert", fixes, dry_run, no_restart, as_json)


@fix.command()
@click.argument("fixes", nargs=-1, metavar="[N]...")
@restart_option
@json_option
@click.pass_context
def recover(ctx: click.Context, fixes: tuple[str, ...], no_restart: bool, as_json: bool) -> None:
    """Take back an interrupted change.

    And every half of a fix that lab put on; of a fix that is named, whoever put it on.

    Example: lab fix recover
    """
    from lab.cli import fix_texts
    from lab.operations import fixes as operation

    here = workspace(ctx)
    options = operation.Options(progress=tell_step)
    done = operation.recover(here, fixes, restart=not no_restart, options=options)
    output.lines(done, as_json, fix_texts.recovered)


@fix.command()
@json_option
@click.pass_context
def log(ctx: click.Context, as_json: bool) -> None:
    """Show every change that was done here, the latest last.

    Example: lab fix log --json
    """
    from lab.cli import fix_views
    from lab.operations.fix_status import fix_log

    output.emit(fix_log(workspace(ctx)), as_json, fix_views.log)


@fix.command()
@click.argument("slug")
@json_option
@click.pass_context
def new(ctx: click.Context, slug: str, as_json: bool) -> None:
    """Begin a new fix: make its folder.

    It is not used until it is filled in; what is missing is listed.

    Example: lab fix new stale_cache
    """
    from lab.cli import fix_texts
    from lab.operations.catalog import new_fix

    output.lines(new_fix(workspace(ctx), slug), as_json, fix_texts.begun)


def _change(
    ctx: click.Context, verb: str, fixes: tuple[str, ...], dry_run: bool, no_restart: bool, as_json: bool
) -> None:
    from lab.cli import fix_texts
    from lab.operations import fixes as operation

    here = workspace(ctx)
    done = getattr(operation, verb)(
        here,
        fixes,
        dry_run=dry_run,
        restart=not no_restart,
        options=operation.Options(progress=tell_step),
    )
    output.lines(done, as_json, fix_texts.changed)


def tell_step(event: Update) -> None:
    took = "" if event.seconds is None else f"  {event.seconds:.2f} s"
    output.note(f"{event.text}{took}")
