"""What the database server is asked for, and who owns it: the compose file's `db` service."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from lab.compose import ComposeFile
from lab.errors import InvalidFile
from lab.runtime.account import Account
from lab.runtime.stack import DATABASE_SERVICE, moved


def account_of(compose: ComposeFile, offset: int = 0) -> Account:
    """The owner's role and the published port plus `offset`.

    Raises:
        InvalidFile: the `db` service lacks one of them.
    """
    spec = compose.services.get(DATABASE_SERVICE)
    names = ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB")
    given = spec.environment if spec else {}
    problems = [
        f"services.{DATABASE_SERVICE}.environment: {name} is missing" for name in names if not given.get(name)
    ]
    if spec is None or spec.port is None:
        problems.append(f"services.{DATABASE_SERVICE}.ports: its port is not published")
        raise InvalidFile(compose.path, problems, RESTORE)
    if problems:
        raise InvalidFile(compose.path, problems, RESTORE)
    return Account(moved(spec.port, offset), given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])


def database_of(compose: ComposeFile) -> str:
    """The name of the database that the services work in."""
    return compose.service(DATABASE_SERVICE).environment["POSTGRES_DB"]


def server_settings(compose: ComposeFile, major: int) -> Mapping[str, str]:
    """The `-c name=value` pairs of the server's command, less those that this PostgreSQL is too old for."""
    words = compose.service(DATABASE_SERVICE).command
    pairs = [word.partition("=") for flag, word in pairwise(words) if flag == "-c"]
    settings = {name.strip(): value for name, _, value in pairs}
    return {name: value for name, value in settings.items() if major >= SINCE.get(name, 0)}


SINCE = {"io_method": 18}
RESTORE = "Put the file back: lab reset --code"


def roles_sql(path: Path) -> str:
    """The SQL that makes the services' roles.

    Raises:
        InvalidFile: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(path, [str(error)], RESTORE) from error
