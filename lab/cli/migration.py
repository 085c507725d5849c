"""The commands of the group `migration`: new, up, down, status, review."""

from pathlib import Path

import click

from lab.cli import output
from lab.cli.command import CommandGroup, Workspace, reports
from lab.operations import LabError


@click.group(cls=CommandGroup)
def migration() -> None:
    """Write and run your own migrations.

    They are plain Alembic, in migrations/versions: alembic understands all that these commands make, and
    they understand all that alembic makes. They run behind walls, as the owner of the lab's database.

    Example: lab migration new "add a column"
    """


@migration.command()
@click.argument("message")
@click.option(
    "--autogenerate", is_flag=True, help="Fill it with what differs between the models and the database."
)
@reports
def new(workspace: Workspace, message: str, autogenerate: bool, as_json: bool) -> None:
    """Make the file of the next migration.

    Its number follows the highest one. MESSAGE becomes its first line and its file name. With
    --autogenerate, the lab must be up and its database at the head; read what was made, as after
    alembic revision --autogenerate: a change of a name, for example, is not recognized.

    Exit codes: 1 a file of yours failed, 2 the message cannot be used, 3 there are several heads, the file
    exists or the database is not at the head, 4 the lab is not up.

    Example: lab migration new "add a column" --autogenerate
    """
    from lab.cli import migration_views
    from lab.operations import new_migration

    with output.progress() as progress:
        made = new_migration.new(workspace, message, autogenerate=autogenerate, progress=progress)
    output.result(made, as_json, migration_views.new)


@migration.command()
@click.argument("revision", default="head")
@reports
def up(workspace: Workspace, revision: str, as_json: bool) -> None:
    """Run the migrations that the database lacks.

    REVISION is where to stop: an id or its beginning, or +N for the next N. After an error or Ctrl-C,
    completed migrations stay, and the message says where the database is.

    Exit codes: 1 a migration failed, 2 there is no such revision, 3 there are several heads or a file is
    missing, 4 the lab is not up, 130 interrupted.

    Example: lab migration up
    """
    from lab.cli import migration_views
    from lab.operations import migration as operation

    with output.progress() as progress:
        done = operation.up(workspace, revision, progress=progress)
    output.result(done, as_json, migration_views.migrated)


@migration.command(context_settings={"ignore_unknown_options": True})
@click.argument("revision", default="-1")
@reports
def down(workspace: Workspace, revision: str, as_json: bool) -> None:
    """Take migrations back, the last one first.

    REVISION is where to stop: an id or its beginning, or -N for N steps back. The shipped migrations
    are never taken back: lab reset gives the shipped schema and rows again.

    Exit codes: 1 a migration failed, 2 there is no such revision in the database, 3 it is below the shipped
    head or a file is missing, 4 the lab is not up, 130 interrupted.

    Example: lab migration down
    """
    from lab.cli import migration_views
    from lab.operations import migration as operation

    with output.progress() as progress:
        done = operation.down(workspace, revision, progress=progress)
    output.result(done, as_json, migration_views.migrated)


@migration.command()
@reports
def status(workspace: Workspace, as_json: bool) -> None:
    """Show your migrations, and whether the database and the models agree with them.

    Exit codes: 0 whatever is shown, 1 a migration's file cannot be loaded.

    Example: lab migration status
    """
    from lab.cli import migration_views
    from lab.operations.migration_status import status as operation

    output.result(operation(workspace), as_json, migration_views.status)


@migration.command()
@click.argument("revisions", nargs=-1, metavar="[REVISION]...")
@click.option(
    "--sarif",
    "sarif_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write them as SARIF.",
)
@reports
def review(workspace: Workspace, revisions: tuple[str, ...], sarif_file: Path | None, as_json: bool) -> int:
    """Measure what your migrations do to a database that is in use.

    They run up, down and up again on a copy of the seed's rows, while every table is written to: which locks
    they hold while they work, whether rows are lost, whether the downgrade leaves a trace. Nothing in your
    lab changes. All of them are run; REVISION, an id or its beginning, chooses whose findings are shown. A
    comment waives a finding at its statement, or above it:

    \b
    # review: ignore[lock-held-while-working] nothing writes at night

    Exit codes: 0 no problem, 1 a problem that nothing waives, 2 there is no such revision, 3 another lab is
    preparing the server, or a change of code and schema was interrupted, 4 the lab is not up or the SARIF
    file cannot be written, 130 interrupted.

    Example: lab migration review 0003
    """
    from lab.cli import review_views
    from lab.operations import review as operation

    with output.progress() as progress:
        found = operation.review(workspace, revisions, progress=progress)
    output.result(found, as_json, review_views.review)
    if sarif_file is not None:
        operation.write_sarif(found, sarif_file)
    return LabError.exit_code if found.problems else 0
