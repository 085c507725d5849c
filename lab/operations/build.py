"""Make the lab's database: roles, schema and rows in a template, and a copy of it for the services.

Each is made under a temporary name and renamed when it is complete, so a killed command leaves no database
that looks complete but isn't.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from lab.database import connect
from lab.engine import candidate
from lab.errors import EnvironmentFault, LabError, Refused, TimedOut, UsageError
from lab.library import Library
from lab.operations import ownership
from lab.operations.ownership import Dataset, TemporaryDatabase, origin_of, template_of
from lab.operations.renewal import current_origin, require_current_template
from lab.operations.seeding import fill
from lab.operations.template import replaced_database, shipped_head
from lab.profile import profile_of
from lab.progress import Progress, Update
from lab.runtime import databases, roles
from lab.runtime.account import Account
from lab.runtime.base import Runtime
from lab.runtime.database_service import RESTORE, roles_sql
from lab.workspace import Workspace

OTHER_NAME = "Use another name in LAB_DATABASE_URL: lab makes that database, and may drop it."
START_AFRESH = "Delete the data and start again: lab down --destroy, then lab up"

Prepare = Callable[[str], None]
"""Completes the new database at a URL, before the database gets its final name."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What has to be made for a dataset, and the databases that have to be dropped first."""

    dataset: Dataset
    builds_template: bool
    makes_database: bool
    obsolete: tuple[str, ...]


def require_rows(workspace: Workspace, rows: int | None) -> None:
    """Raise UsageError if that number of rows is out of the range of lab.toml."""
    most = profile_of(workspace).seed.most_rows
    if rows is not None and not 1 <= rows <= most:
        raise UsageError(f"--rows {rows} is out of range.", f"Use 1 to {most:,} rows.")


def default_dataset(
    workspace: Workspace, rows: int | None, seed: int | None, present: Dataset | None = None
) -> Dataset:
    """Return the dataset with these numbers; None means that of `present`, else of lab.toml."""
    default = present or Dataset(profile_of(workspace).seed.rows)
    return Dataset(default.rows if rows is None else rows, default.seed if seed is None else seed)


def plan_build(
    workspace: Workspace,
    rows: int | None,
    seed: int | None,
    runtime: Runtime,
    *,
    renew: bool = False,
    fresh: bool = False,
) -> BuildPlan:
    """Compare the server's databases with the wanted rows and seed; None means the template's or the default.

    A template that another version made, or that has other rows, is refused; with `renew`, it is made again,
    and so is the database. With `fresh`, the database is made again in any case.

    Raises:
        UsageError: the number of rows is out of its range.
        Refused: the template has other rows, another version or another workspace's lab made it, or lab did
            not make the databases.
        DatabaseUnreachable: the server does not run.
    """
    account, database = runtime.account, runtime.database
    temporary = ownership.temporary_names(workspace)
    found = databases.comments(account, [database, template_of(database), *temporary])
    present = ownership.dataset_of(workspace, account, database, found)
    asked = default_dataset(workspace, rows, seed, present)
    require_rows(workspace, rows)
    if present is not None and present != asked and not renew:
        raise Refused(
            f"The lab holds {present.rows:,} rows of seed {present.seed}, "
            f"not {asked.rows:,} of seed {asked.seed}.",
            "Delete the data and start again: lab down --destroy, then lab up with the numbers you want.",
        )
    obsolete = [name for name in temporary if name in found]
    origin = origin_of(database, found)
    if present and not renew:
        require_current_template(workspace, origin)
    elif present and (present != asked or origin != current_origin(workspace)):
        return BuildPlan(asked, builds_template=True, makes_database=True, obsolete=tuple(obsolete))
    for name in (database, template_of(database)):
        if present is None and name in found:
            may_replace = name == database and runtime.starts_with_empty_database
            if not (may_replace and databases.is_empty(account, name)):
                raise Refused(
                    f"There is a database {name} that this lab did not make.",
                    OTHER_NAME if account.shared else START_AFRESH,
                )
            obsolete.append(name)
    makes_database = fresh or present is None or database not in found
    return BuildPlan(asked, present is None, makes_database, tuple(obsolete))


def carry_out(
    plan: BuildPlan, workspace: Workspace, runtime: Runtime, prepare: Prepare, progress: Progress
) -> None:
    """Drop the obsolete databases of the plan, then make the template and the database that it asks for.

    After an error, what was completed stays: the next plan does only the rest.

    Raises:
        LabError: a shipped migration or `prepare` failed, or the server refused a statement.
    """
    for name in plan.obsolete:
        databases.drop(runtime.account, name)
    if plan.builds_template:
        _build_template(workspace, runtime, plan.dataset, progress)
    if plan.makes_database:
        with replaced_database(workspace, runtime) as url:
            prepare(url)


def fill_template(
    workspace: Workspace, code: Path, account: Account, name: str, dataset: Dataset, progress: Progress
) -> None:
    """Make the database `name` at the shipped head with these rows, and make it a template.

    The shipped code, whose revisions and seed are run, is in the folder `code`.

    Raises:
        LabError: a shipped migration failed, or the server refused a statement.
    """
    databases.create(account, name)
    url = account.owner_url(name)
    progress(Update("Migrating to the shipped head"))
    text = roles_sql(Library(code).roles_sql)
    # Roles and extensions need a superuser, and default privileges the owner. The file can be repeated.
    for one in dict.fromkeys((account.url(name), url)):
        _run_sql(one, text)
    if account.owner:
        roles.set_passwords(account, account.password)  # the file gives the roles passwords that all know
    try:
        candidate.upgrade(Workspace(code, workspace.library), url, shipped_head(workspace))
    except TimedOut:
        raise
    except LabError as error:
        raise LabError(f"The shipped migrations failed. {error.message}", RESTORE) from error
    fill(workspace, code, url, dataset, progress)
    if account.owner:
        roles.hide_sessions(account, name)
    progress(Update("Keeping a template for lab reset"))
    ownership.record_ownership(workspace, account, name, dataset, current_origin(workspace))
    databases.make_template(account, name)


def _build_template(workspace: Workspace, runtime: Runtime, dataset: Dataset, progress: Progress) -> None:
    account, build = runtime.account, TemporaryDatabase.BUILD.name_for(workspace)
    # The library's own migrations: those of a workspace may have been edited.
    fill_template(workspace, workspace.library.root, account, build, dataset, progress)
    template, old = template_of(runtime.database), TemporaryDatabase.REPLACED.name_for(workspace)
    if databases.exists(account, template):  # of another version: it is kept until the new one is complete
        databases.drop(account, runtime.database)  # it belongs to the old template: the next step makes it
        databases.replace(account, template, new=build, old=old)
        databases.drop(account, old)
    else:
        databases.rename(account, build, template)


def _run_sql(url: str, text: str) -> None:
    try:
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(text)
    except psycopg2.Error as error:
        raise EnvironmentFault(f"The database refused the services' roles: {str(error).strip()}.") from error
