"""Replace the lab's database by a copy of its template, and remove both. `build` makes the template."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lab.errors import EnvironmentFault
from lab.operations.ownership import TemporaryDatabase, dataset_of, template_of, temporary_names
from lab.runtime import databases
from lab.runtime.account import Account
from lab.workspace import Workspace


@contextmanager
def replaced_database(workspace: Workspace, account: Account, database: str) -> Iterator[str]:
    """Copy the template of `database`; at the end of the block, the copy replaces the database.

    The block gets the temporary name of the copy. If the block fails, the database stays as it is.

    Raises:
        EnvironmentFault: there is no template.
        Refused: the template belongs to another workspace.
    """
    fresh, old = TemporaryDatabase.FRESH.name_for(workspace), TemporaryDatabase.REPLACED.name_for(workspace)
    found = databases.comments(account, [database, template_of(database), fresh, old])
    if dataset_of(workspace, account, database, found) is None:
        raise EnvironmentFault("There is no template database to copy.", "Make it: lab up")
    _drop(account, {fresh, old} & found.keys())
    try:
        databases.create(account, fresh, template=template_of(database))
        yield fresh
        if database in found:
            databases.replace(account, database, new=fresh, old=old)
        else:
            databases.rename(account, fresh, database)
    finally:
        _drop(account, databases.comments(account, [fresh, old]))


def remove_databases(workspace: Workspace, account: Account, database: str) -> None:
    """Drop the database and its template, if lab made them, and temporary databases of killed commands.

    Raises:
        Refused: they belong to another workspace.
    """
    names = [database, template_of(database)]
    temporary = temporary_names(workspace)
    found = databases.comments(account, [*names, *temporary])
    if dataset_of(workspace, account, database, found) is not None:
        temporary += names
    _drop(account, found.keys() & temporary)


def _drop(account: Account, names: Iterable[str]) -> None:
    for name in names:
        databases.drop(account, name)
