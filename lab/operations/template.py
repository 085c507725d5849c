"""The template of the lab's database: replace the database by a copy of it. `build` makes the template."""

from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import contextmanager

from lab.errors import EnvironmentFault, UsageError
from lab.operations.ownership import TemporaryDatabase, dataset_of, template_of, temporary_names
from lab.runtime import databases
from lab.runtime.account import Account
from lab.runtime.base import Runtime
from lab.runtime.database_service import RESTORE
from lab.workspace import Workspace


def shipped_head(workspace: Workspace) -> str:
    """Return the id of the template's revision, from the library. Raises UsageError if it is not there."""
    path = workspace.library.alembic_ini
    ini = ConfigParser(interpolation=None)
    try:
        ini.read(path)
        head = ini.get("lab", "shipped_head", fallback="")
    except (ConfigParserError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", RESTORE) from error
    if not head:
        raise UsageError(f"{path} names no shipped_head in [lab].", RESTORE)
    return head


@contextmanager
def replaced_database(workspace: Workspace, runtime: Runtime) -> Iterator[str]:
    """Copy the template; at the end of the block, the copy replaces the runtime's database.

    The block gets the URL of the copy. If the block fails, the database stays as it is.

    Raises:
        EnvironmentFault: there is no template, or the server refused a statement.
        Refused: the template belongs to another workspace.
    """
    account, database = runtime.account, runtime.database
    fresh, old = TemporaryDatabase.FRESH.name_for(workspace), TemporaryDatabase.REPLACED.name_for(workspace)
    found = databases.comments(account, [database, template_of(database), fresh, old])
    if dataset_of(workspace, account, database, found) is None:
        raise EnvironmentFault("There is no template database to copy.", "Make it: lab up")
    _drop(account, {fresh, old} & found.keys())
    try:
        databases.create(account, fresh, template=template_of(database))
        yield account.owner_url(fresh)
        if database in found:
            databases.replace(account, database, new=fresh, old=old)
        else:
            databases.rename(account, fresh, database)
    finally:
        _drop(account, (fresh, old))


def remove_databases(workspace: Workspace, runtime: Runtime) -> None:
    """Drop the database and its template, if lab made them, and temporary databases of killed commands.

    Raises:
        EnvironmentFault: the server does not answer, or refused a statement.
        Refused: the template belongs to another workspace. Nothing was dropped.
    """
    account, database = runtime.account, runtime.database
    names, temporary = [database, template_of(database)], temporary_names(workspace)
    found = databases.comments(account, [*names, *temporary])
    owned = dataset_of(workspace, account, database, found) is not None
    _drop(account, found.keys() & {*temporary, *(names if owned else ())})


def _drop(account: Account, names: Iterable[str]) -> None:
    for name in names:
        databases.drop(account, name)
