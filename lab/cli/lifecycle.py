"""The commands that start, stop and reset the lab: up, down, restart, reset."""

import click

from lab.cli import output
from lab.cli.command import Workspace, reports
from lab.operations import LabError


@click.command()
@click.option("--docker", "kind", flag_value="docker", help="Run in containers.")
@click.option(
    "--embedded", "kind", flag_value="embedded", help="Run as local processes: the default of a new lab."
)
@click.option(
    "--rows",
    type=click.IntRange(1),
    metavar="N",
    help="Number of rows in a new database.  [default: that of lab.toml]",
)
@click.option("--seed", type=int, metavar="N", help="Seed of the random data.  [default: 1]")
@click.option(
    "--port-offset",
    type=click.IntRange(0, 50_000),
    metavar="N",
    help="Add N to every port.  [default: the last one, at first 0]",
)
@click.option(
    "--sandbox/--no-sandbox",
    default=None,
    help="Run the services behind walls, to look at a stranger's work.  [default: the last one]",
)
@click.option(
    "--renew",
    is_flag=True,
    help="Rebuild a lab that another version made: code and database. Your edits are saved in a patch.",
)
@reports
def up(
    workspace: Workspace,
    kind: str | None,
    sandbox: bool | None,
    renew: bool,
    as_json: bool,
    **options: int | None,
) -> None:
    """Start the database and the services.

    Existing data is kept. A running service is restarted only if its code or settings changed. --docker,
    --embedded and --port-offset are remembered. Containers and local processes have separate databases.
    To change --rows or --seed later, run lab down --destroy first.

    Example: lab up --rows 10000 --port-offset 100
    """
    from lab.cli import lifecycle_views
    from lab.operations.up import up as operation

    with output.progress() as progress:
        done = operation(workspace, kind=kind, sandbox=sandbox, renew=renew, progress=progress, **options)
    output.result(done, as_json, lifecycle_views.up)


@click.command()
@click.option(
    "--destroy", is_flag=True, help="Also delete the databases, the logs and the remembered options."
)
@reports
def down(workspace: Workspace, destroy: bool, as_json: bool) -> None:
    """Stop the services and the database.

    The data is kept for the next lab up, except with --destroy.

    Example: lab down
    """
    from lab.cli import lifecycle_views
    from lab.operations.down import down as operation

    with output.progress() as progress:
        done = operation(workspace, destroy=destroy, progress=progress)
    output.result(done, as_json, lifecycle_views.down)


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@reports
def restart(workspace: Workspace, services: tuple[str, ...], as_json: bool) -> int:
    """Restart services, so that they run your edited code.

    Without SERVICE, restart all of them. A restarted service also uses the current settings of
    the compose file. The exit code is 1 when one of them has crashed or does not answer.

    Example: lab restart
    """
    from lab.cli import inspect_views
    from lab.operations import restart as operation

    with output.progress() as progress:
        report = operation.restart(workspace, services, progress=progress)
    output.result(report, as_json, inspect_views.status)
    failed = {service.name for service in (*report.crashed, *report.unresponsive)}
    return LabError.exit_code if failed.intersection(services or failed) else 0


@click.command()
@click.option(
    "--code",
    is_flag=True,
    help="Also restore the shipped code. Your edits and added files are saved in a patch, then removed.",
)
@reports
def reset(workspace: Workspace, code: bool, as_json: bool) -> None:
    """Reset the database to its original schema and rows.

    This takes about a second with the default rows. Changes to rows are lost, and so is the schema of
    your own migrations: alembic upgrade head makes it again. The code stays as it is, except with --code,
    which also restarts the services.

    Example: lab reset
    """
    from lab.cli import lifecycle_views
    from lab.operations import reset as operation

    with output.progress() as progress:
        done = operation.reset(workspace, code=code, progress=progress)
    output.result(done, as_json, lifecycle_views.reset)
