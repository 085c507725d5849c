"""The commands of the lab's life: up, down, restart, status, logs, psql, url, doctor, reset."""

import os

import click

from lab.cli import output, reader
from lab.cli.context import workspace

json_option = click.option("--json", "as_json", is_flag=True, help="Report as JSON.")


@click.command()
@click.option(
    "--docker/--embedded",
    "in_containers",
    default=None,
    help="In containers, or as local processes.  [default: as the last time; at first --embedded]",
)
@click.option(
    "--rows", type=click.IntRange(1, 50_000_000), help="How many execution logs.  [default: 500000]"
)
@click.option("--seed", type=int, help="What their random values are made from.  [default: 1]")
@click.option("--port-offset", type=click.IntRange(0, 50_000), help="Move every port up by this much.")
@json_option
@click.pass_context
def up(
    ctx: click.Context,
    in_containers: bool | None,
    rows: int | None,
    seed: int | None,
    port_offset: int | None,
    as_json: bool,
) -> None:
    """Bring the lab up: database, schema, rows, services.

    What is there already is kept; what runs as it should is left alone. Containers and local processes
    have a database each, and one at a time runs.

    Example: lab up --rows 10000 --port-offset 100
    """
    from lab.cli import views
    from lab.operations.up import up as operation

    here = workspace(ctx)
    kind = None if in_containers is None else "docker" if in_containers else "embedded"
    with output.progress() as tell:
        done = operation(here, kind=kind, rows=rows, seed=seed, port_offset=port_offset, progress=tell)
    output.emit(done, as_json, views.up)


@click.command()
@click.option("--destroy", is_flag=True, help="Also delete the lab's database and logs.")
@json_option
@click.pass_context
def down(ctx: click.Context, destroy: bool, as_json: bool) -> None:
    """Stop the services and the database. The data stays, unless --destroy.

    Example: lab down
    """
    from lab.cli import views
    from lab.operations.down import down as operation

    here = workspace(ctx)
    with output.progress() as tell:
        done = operation(here, destroy=destroy, progress=tell)
    output.emit(done, as_json, views.down)


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@json_option
@click.pass_context
def restart(ctx: click.Context, services: tuple[str, ...], as_json: bool) -> None:
    """Restart services, all when none is named.

    They get the code and the compose file as they are now.

    Example: lab restart workflow-service
    """
    from lab.cli import views
    from lab.operations import restart as operation

    here = workspace(ctx)
    with output.progress() as tell:
        report = operation.restart(here, services, progress=tell)
    output.emit(report, as_json, views.status)


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show the services and the database as they stand.

    Example: lab status --json
    """
    from lab.cli import views
    from lab.operations import runtimes
    from lab.operations import status as operation

    here = workspace(ctx)
    output.emit(operation.status(here, runtimes.runtime_of(here)), as_json, views.status)


@click.command()
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Keep showing what comes, until ^C.")
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=100, show_default=True, help="How many lines back."
)
@click.pass_context
def logs(ctx: click.Context, service: str | None, follow: bool, lines: int) -> None:
    """Show what a service, or `db`, or everything, has logged.

    Example: lab logs workflow-service -f
    """
    from lab.operations import inspect

    if follow:
        reader.end_with_reader()
    for entry in inspect.logs(workspace(ctx), service, lines=lines, follow=follow):
        output.line(entry)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL ARGUMENT]...")
@click.pass_context
def psql(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Open psql on the lab's database; arguments are psql's own.

    Example: lab psql -c "SELECT count(*) FROM execution_logs"
    """
    from lab.operations import inspect

    argv, environment = inspect.psql(workspace(ctx), arguments)
    os.execve(argv[0], argv, {**os.environ, **environment})


@click.command()
@click.argument("service", required=False)
@json_option
@click.pass_context
def url(ctx: click.Context, service: str | None, as_json: bool) -> None:
    """Print where a service, or `db`, or everything, is reached.

    Example: curl "$(lab url device-service)/devices"
    """
    from lab.cli import views
    from lab.operations import inspect

    urls = inspect.urls(workspace(ctx), service)
    if service and not as_json:
        output.line(urls[service])
    else:
        output.emit(urls, as_json, views.urls)


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check what the lab needs of this machine.

    Example: lab doctor
    """
    from lab.cli import views
    from lab.operations import doctor as operation

    checks = operation.examine(workspace(ctx))
    output.emit(checks, as_json, views.doctor)
    if any(check.failed for check in checks):
        ctx.exit(4)


@click.command()
@click.option("--code", is_flag=True, help="Also put the shipped code back; your edits are saved as a patch.")
@json_option
@click.pass_context
def reset(ctx: click.Context, code: bool, as_json: bool) -> None:
    """Put the database back to as seeded, in about a second.

    Example: lab reset --code
    """
    from lab.cli import views
    from lab.operations.reset import reset as operation

    here = workspace(ctx)
    with output.progress() as tell:
        done = operation(here, code=code, progress=tell)
    output.emit(done, as_json, views.reset)


commands = (up, down, restart, status, logs, psql, url, doctor, reset)
