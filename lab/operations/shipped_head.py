"""Read which revision the lab is shipped at. The files as shipped are kept by `lab.shipped`."""

from configparser import ConfigParser
from configparser import Error as ConfigParserError

from lab.errors import UsageError
from lab.runtime.database_service import RESTORE
from lab.workspace import Workspace


def shipped_head(workspace: Workspace) -> str:
    """Return the revision that the lab is shipped at, from alembic.ini. The candidate's revisions follow it.

    Raises:
        UsageError: alembic.ini doesn't name it.
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
