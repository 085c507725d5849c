"""The data directory of an embedded server: make it, check its version, write its settings."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from lab.errors import EnvironmentFault
from lab.files import write_atomic
from lab.runtime.account import Account
from lab.runtime.binaries import Binaries
from lab.runtime.unprivileged import as_ordinary_user
from lab.sentences import sentence
from lab.shell import run

NEW_START = "Start from nothing: lab down --destroy, then lab up"


def make(data: Path, binaries: Binaries, account: Account) -> None:
    """Run initdb in another folder and rename that to `data`, so that a kill never leaves half a directory.

    Raises:
        EnvironmentFault: initdb failed or cannot be run. There is no `data` then.
    """
    home = data.parent
    home.mkdir(parents=True, exist_ok=True)
    unfinished = home / "data.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    password_file = home / "password-of-initdb"
    write_atomic(password_file, account.password.encode(), mode=0o600)
    initdb = binaries.program("initdb")
    options = ["-D", str(unfinished), "-U", account.user, f"--pwfile={password_file}"]
    options += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    try:
        finished = run([*as_ordinary_user(initdb, home), initdb, *options], timeout=120)
    finally:
        password_file.unlink()
    if finished.code != 0:
        output = finished.stderr.decode(errors="replace").splitlines()
        errors = [line for line in output if "FATAL:" in line or "error:" in line]
        reason = (errors or [finished.last_line])[0]
        raise EnvironmentFault(sentence(f"PostgreSQL's data directory was not made: {reason}"))
    unfinished.rename(data)


def require_version(data: Path, binaries: Binaries) -> None:
    """Check that the programs can serve the directory.

    Raises:
        EnvironmentFault: another major version made it, or it is not a data directory.
    """
    try:
        made_by = int((data / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise EnvironmentFault(sentence(f"{data} is not a data directory: {error}"), NEW_START) from error
    if made_by != binaries.major:
        raise EnvironmentFault(
            f"PostgreSQL {made_by} made the data in {data}, but {binaries.folder} holds PostgreSQL "
            f"{binaries.major}.",
            "Name the right one in LAB_PG_BIN, or delete the data: lab down --destroy, then lab up",
        )


def configure(data: Path, port: int, log: Path, settings: Mapping[str, str]) -> None:
    """Write a file that postgresql.conf includes: `settings`, overridden by those that lab requires.

    Raises EnvironmentFault if that fails. `log` is the path of the server's log.
    """
    required = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "port": str(port),
        "logging_collector": "on",
        "log_destination": "stderr,jsonlog",
        "log_directory": str(log.parent.resolve()),
        "log_filename": log.name,
        "log_rotation_age": "0",
        "log_rotation_size": "0",
        "pg_stat_statements.track": "all",  # also those in functions
    }
    lines = [f"{name} = '{_quoted(value)}'\n" for name, value in {**settings, **required}.items()]
    write_atomic(data / "lab.conf", "".join(lines).encode(), mode=0o644)
    main = data / "postgresql.conf"
    include = "include 'lab.conf'"
    text = main.read_text() if main.exists() else ""
    if include not in text:
        write_atomic(main, f"{text}\n{include}\n".encode())


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
