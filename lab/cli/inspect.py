"""The commands that look at the lab: status, logs, psql, url, doctor. Only psql can change anything."""

import click

from lab.cli import output
from lab.cli.closed_output import raise_when_output_closes
from lab.cli.command import Workspace, pass_workspace, reports
from lab.operations import EnvironmentFault


@click.command()
@reports
def status(workspace: Workspace, as_json: bool) -> None:
    """Show the state of the services and the database.

    Example: lab status
    """
    from lab.cli import inspect_views
    from lab.operations import runtimes
    from lab.operations import status as operation

    report = operation.status(workspace, runtimes.runtime_of(workspace))
    output.result(report, as_json, inspect_views.status)


@click.command()
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Keep showing new lines. End with Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    metavar="N",
    default=100,
    help="Show the last N lines of each log.",
)
@pass_workspace
def logs(workspace: Workspace, service: str | None, follow: bool, lines: int) -> None:
    """Show the log of a service.

    SERVICE is a service's name, or db for the database. Without it, show all logs in the order of time.
    A line without a time, such as one of a traceback, stays with the line before it.

    Example: lab logs -f
    """
    from lab.operations import inspect

    if follow:
        raise_when_output_closes()
    for line in inspect.logs(workspace, service, lines=lines, follow=follow):
        output.line(line, flush=follow)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.option("--superuser", is_flag=True, help="Connect as the superuser.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL ARGUMENT]...")
@pass_workspace
def psql(workspace: Workspace, superuser: bool, arguments: tuple[str, ...]) -> int:
    """Open psql, connected to the lab's database as its owner.

    All other arguments are passed to psql, and its exit code is returned.

    Example: lab psql -c "SELECT version()"
    """
    from lab.operations import inspect

    return inspect.run_psql(workspace, arguments, superuser=superuser)


@click.command()
@click.argument("service", required=False)
@click.option("--superuser", is_flag=True, help="The database's URL for the superuser, not for its owner.")
@reports
def url(workspace: Workspace, service: str | None, superuser: bool, as_json: bool) -> None:
    """Print the URL of a service.

    SERVICE is a service's name, or db for the database. Without it, print all URLs.

    Example: psql "$(lab url db)"
    """
    from lab.cli import inspect_views
    from lab.operations import inspect

    urls = inspect.urls(workspace, service, superuser=superuser)
    if service and not as_json:
        output.line(urls[service])
    else:
        output.result(urls, as_json, inspect_views.urls)


@click.command()
@reports
def doctor(workspace: Workspace, as_json: bool) -> int:
    """Check that this machine has what the lab needs.

    The exit code is 4 when something that the lab needs is missing.

    Example: lab doctor
    """
    from lab.cli import inspect_views
    from lab.operations import doctor as operation

    checks = operation.examine(workspace)
    output.result(checks, as_json, inspect_views.doctor)
    return EnvironmentFault.exit_code if any(check.failed for check in checks) else 0
