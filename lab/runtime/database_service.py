"""The database server as the compose file's `db` service describes it: its account and settings."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from lab.compose import ComposeFile
from lab.errors import InvalidFile
from lab.runtime.account import Account
from lab.runtime.database_address import ADDRESS, DATABASE_SERVICE, Login
from lab.runtime.stack import shifted

SINCE = {"io_method": 18}
"""The first major version that knows the setting."""

RESTORE = "Correct the file, or restore all shipped code and reset the database: lab reset --code"


def account_of(compose: ComposeFile, offset: int = 0) -> Account:
    """Return the owner's account, on the published port plus `offset`.

    Raises:
        InvalidFile: there is no `db` service, or it lacks a variable or a port.
        UsageError: the port would be above 65535.
    """
    spec = compose.services.get(DATABASE_SERVICE)
    names = ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB")
    given = spec.environment if spec else {}
    where = f"services.{DATABASE_SERVICE}"
    problems = [f"{where}.environment: {name} is missing" for name in names if not given.get(name)]
    port = spec.port if spec else None
    if port is None:
        problems.append(f"{where}.ports: its port is not published")
    if port is None or problems:
        raise InvalidFile(compose.path, problems, RESTORE)
    return Account(shifted(port, offset), given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])


def database_of(compose: ComposeFile) -> str:
    """Return the name of the services' database, from a file that `account_of` accepts."""
    return compose.service(DATABASE_SERVICE).environment["POSTGRES_DB"]


def logins_of(compose: ComposeFile) -> frozenset[Login]:
    """Return the logins of the file: the owner's, and those in the URLs of the services' variables."""
    found = set()
    for spec in compose.services.values():
        if spec.name == DATABASE_SERVICE:
            found.add(
                Login(
                    spec.environment.get("POSTGRES_USER", ""), spec.environment.get("POSTGRES_PASSWORD", "")
                )
            )
        for text in spec.environment.values():
            if (match := ADDRESS.search(text)) and match["user"]:
                found.add(Login(unquote(match["user"]), unquote(match["password"] or "")))
    return frozenset(found)


def server_settings(compose: ComposeFile, major: int) -> Mapping[str, str]:
    """Return the server's `-c name=value` settings, except those too new for PostgreSQL `major`."""
    words = compose.service(DATABASE_SERVICE).command
    pairs = [word.partition("=") for flag, word in pairwise(words) if flag == "-c"]
    settings = {name.strip(): value for name, _, value in pairs}
    return {name: value for name, value in settings.items() if major >= SINCE.get(name, 0)}


def roles_sql(path: Path) -> str:
    """Return the text of the file `path`: the SQL that makes the services' roles.

    Raises:
        InvalidFile: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(path, [str(error)], RESTORE) from error
