"""Make the lab's database, once: schema, rows, and the template that `lab reset` copies.

Everything is built under another name and renamed when whole, so a kill leaves nothing that looks whole.
"""

from collections.abc import Callable, Iterator
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2

from lab.database import connect
from lab.engine import candidate
from lab.errors import EnvironmentFault, LabError, Refused, TimedOut, UsageError
from lab.operations.ownership import (
    Dataset,
    Ownership,
    TemporaryDatabase,
    dataset_of,
    new_ownership,
    template_of,
)
from lab.progress import Progress, Update
from lab.runtime import databases
from lab.runtime.account import Account
from lab.runtime.database_service import RESTORE, roles_sql
from lab.workspace import Workspace

OTHER_NAME = "Name another in LAB_DATABASE_URL: the lab makes it, and may drop it."
AFRESH = "Start afresh: lab down --destroy, then lab up"


@dataclass(frozen=True, slots=True)
class Ensured:
    """Whether rows were made, and whether the database itself was."""

    seeded: bool
    made: bool


def ensure(
    workspace: Workspace,
    account: Account,
    database: str,
    *,
    rows: int | None,
    seed: int | None,
    progress: Progress,
    prepare: Callable[[str], None],
    replace_empty: bool = False,
) -> Ensured:
    """Make the database, and its template, where they are not there.

    `prepare` gets the URL of a database that is made, before that has its name.
    `replace_empty` lets it take the place of an empty database, as a server in a container comes with.

    Raises:
        Refused: there is one already, of other rows than are asked for, or that lab did not make.
        LabError: the shipped migrations fail.
    """
    present, asked = compare_datasets(workspace, account, database, rows, seed, replace_empty=replace_empty)
    for name in databases.comments(account, [one.name_for(workspace) for one in TemporaryDatabase]):
        databases.drop(account, name)  # of an up or a reset that was killed
    if present is None:
        databases.drop(account, database)  # an empty one
        _build_template(workspace, account, database, new_ownership(workspace, asked), progress)
    missing = not databases.exists(account, database)
    if missing:
        with replaced_database(workspace, account, database) as fresh:
            prepare(account.url(fresh))
    return Ensured(seeded=present is None, made=missing)


def compare_datasets(
    workspace: Workspace,
    account: Account,
    database: str,
    rows: int | None,
    seed: int | None,
    *,
    replace_empty: bool = False,
) -> tuple[Dataset | None, Dataset]:
    """What there is, and what is asked for: the same, where nothing else is.

    Raises:
        UsageError: that many rows are not possible.
        Refused: there are other rows than are asked for, or lab, or this workspace's, did not make them.
    """
    present = dataset_of(workspace, account, database)
    default = present or Dataset()
    asked = Dataset(default.rows if rows is None else rows, default.seed if seed is None else seed)
    if present is not None and present != asked:
        raise Refused(
            f"The lab holds {present.rows:,} rows of seed {present.seed}, "
            f"not {asked.rows:,} of seed {asked.seed}.",
            "Start afresh: lab down --destroy, then lab up with the numbers you want.",
        )
    there = [] if present else databases.comments(account, [database, template_of(database)])
    for name in there:
        if not (name == database and replace_empty and databases.is_empty(account, name)):
            raise Refused(
                f"There is a database {name} that this lab did not make.",
                OTHER_NAME if account.shared else AFRESH,
            )
    return present, asked


@contextmanager
def replaced_database(workspace: Workspace, account: Account, database: str) -> Iterator[str]:
    """Copy the template of `database` under another name, which the block gets; then let it take the place.

    Copying takes a tenth of a second for 500,000 rows. If the block fails, the database stays as it is.

    Raises:
        EnvironmentFault: there is no template.
        Refused: it is another workspace's.
    """
    if dataset_of(workspace, account, database) is None:
        raise EnvironmentFault("There is no template database to copy.", "Make it: lab up")
    fresh, aside = TemporaryDatabase.FRESH.name_for(workspace), TemporaryDatabase.REPLACED.name_for(workspace)
    databases.drop(account, fresh)
    try:
        databases.create(account, fresh, template=template_of(database))
        yield fresh
        if databases.exists(account, database):
            databases.drop(account, aside)
            databases.replace(account, database, new=fresh, old=aside)
        else:
            databases.rename(account, fresh, database)
    finally:
        for name in (fresh, aside):
            databases.drop(account, name)


def remove(workspace: Workspace, account: Account, database: str) -> None:
    """Drop the database and its template, if lab made them, and what a command that was killed left.

    Raises:
        Refused: they are another workspace's.
    """
    names = [one.name_for(workspace) for one in TemporaryDatabase]
    if dataset_of(workspace, account, database) is not None:
        names += [database, template_of(database)]
    for name in databases.comments(account, names):
        databases.drop(account, name)


def shipped_head(workspace: Workspace) -> str:
    """The revision that the lab is shipped at, from alembic.ini: a candidate's own come after it.

    Raises:
        UsageError: alembic.ini does not say.
    """
    ini = ConfigParser(interpolation=None)
    try:
        ini.read(workspace.alembic_ini)
        head = ini.get("lab", "shipped_head", fallback="")
    except (ConfigParserError, UnicodeDecodeError) as error:
        raise UsageError(f"{workspace.alembic_ini} cannot be read: {error}", RESTORE) from error
    if not head:
        raise UsageError(f"{workspace.alembic_ini} names no shipped_head in [lab].", RESTORE)
    return head


def _build_template(
    workspace: Workspace,
    account: Account,
    database: str,
    mark: Ownership,
    progress: Progress,
) -> None:
    build = TemporaryDatabase.BUILD.name_for(workspace)
    databases.create(account, build)
    url = account.url(build)
    progress(Update("Migrating to the shipped head"))
    _make_roles(url, roles_sql(workspace.roles_sql))
    _migrate(workspace, url)
    _fill(url, mark.content, progress)
    progress(Update("Keeping a template for lab reset"))
    mark.write(account, build)
    databases.make_template(account, build)
    databases.rename(account, build, template_of(database))


def _make_roles(url: str, text: str) -> None:
    try:
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(text)
    except psycopg2.Error as error:
        raise EnvironmentFault(f"The database refused the services' roles: {str(error).strip()}.") from error


def _migrate(workspace: Workspace, url: str) -> None:
    try:
        candidate.upgrade(workspace, url, shipped_head(workspace))
    except TimedOut:
        raise
    except LabError as error:
        raise LabError(f"The shipped migrations failed. {error.message}", RESTORE) from error


def _fill(url: str, content: Dataset, progress: Progress) -> None:
    from seed import fill
    from seed.errors import SeedError

    text = f"Making {content.rows:,} execution logs"
    progress(Update(text, 0, content.rows))

    def tell(done: int, total: int) -> None:
        progress(Update(text, done, total))

    try:
        fill(url, rows=content.rows, seed=content.seed, progress=tell)
    except SeedError as error:
        raise EnvironmentFault(str(error)) from error
