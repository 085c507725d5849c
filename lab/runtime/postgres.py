"""A PostgreSQL server of the workspace's own: made, started, found again, stopped.

It listens on 127.0.0.1 with a password and outlives the command that started it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.runtime.binaries import Binaries
from lab.runtime.unprivileged import prefix
from lab.shell import Finished, run
from lab.workspace import write_atomic

MAINTENANCE = "postgres"
"""The database that initdb makes: where other databases are made and dropped from."""


@dataclass(frozen=True, slots=True)
class Account:
    """A server's address and the role that owns what lab makes there."""

    port: int
    user: str
    password: str
    host: str = "127.0.0.1"

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The URL of `database` as Alembic and SQLAlchemy take it; the owner's, unless a role is named."""
        name, secret = (self.user, self.password) if user is None else (user, password or "")
        return f"postgresql+psycopg2://{quote(name)}:{quote(secret)}@{self.host}:{self.port}/{database}"


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A server whose data directory is `home/data`; `settings` are PostgreSQL's own, by name."""

    binaries: Binaries
    home: Path
    log_folder: Path
    account: Account
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.log_folder / "postgres.log"

    def start(self, deadline: float = 30.0) -> None:
        """Make the data directory if there is none, and start; does nothing when it runs already.

        Raises:
            EnvironmentFault: it did not start; the message holds the server's own last words.
        """
        if self.running():
            return
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        self._configure()
        until = time.monotonic() + deadline
        while True:
            self._forget_dead_postmaster()
            finished = self._run("pg_ctl", "start", "-w", "-t", "30", "-s", "-l", self._start_log, timeout=40)
            if finished.code == 0:
                return
            if time.monotonic() > until or "lock file" not in self._last_words():
                break
            time.sleep(0.2)  # the kernel still holds what a killed server left
        raise EnvironmentFault(f"PostgreSQL did not start: {self._last_words()}", f"Its log: {self.log}")

    def stop(self) -> None:
        """Stop the server, its connections with it; does nothing when it is not ours or does not run.

        Raises:
            EnvironmentFault: it would not stop.
        """
        if self.postmaster() is None:
            return
        for mode in ("fast", "immediate"):
            if self._run("pg_ctl", "stop", "-w", "-s", "-t", "20", "-m", mode, timeout=30).code == 0:
                return
        raise EnvironmentFault(f"PostgreSQL did not stop: {self._last_words()}", f"Its log: {self.log}")

    def running(self) -> bool:
        """Whether a server of this data directory answers on our port."""
        if self.postmaster() is None:
            return False
        try:
            connect(self.account.url(MAINTENANCE)).close()
        except DatabaseUnreachable:
            return False
        return True

    def postmaster(self) -> psutil.Process | None:
        """The process that `postmaster.pid` names, if it is proved ours: it works in our data directory."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(pid)
            ours = Path(process.cwd()) == self.data.resolve()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def _initialise(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        secret = self.home / "owner-password"
        write_atomic(secret, self.account.password.encode(), mode=0o600)
        try:
            finished = run(
                [
                    *prefix(self.binaries.program("initdb"), self.home),
                    self.binaries.program("initdb"),
                    *("-D", self.data, "-U", self.account.user, f"--pwfile={secret}"),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
                ],
                timeout=120,
            )
        finally:
            secret.unlink()
        if finished.code != 0:
            raise EnvironmentFault(f"PostgreSQL's data directory was not made: {finished.last_words}")

    def _check_version(self) -> None:
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != self.binaries.major:
            raise EnvironmentFault(
                f"The data in {self.data} is PostgreSQL {made_by}'s, but {self.binaries.folder} holds "
                f"{self.binaries.major}.",
                "Name the right one in LAB_PG_BIN, or start afresh: lab down --destroy, then lab up",
            )

    def _configure(self) -> None:
        """Write our settings to a file of their own, which postgresql.conf includes."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        ours = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.account.port),
            "logging_collector": "on",
            "log_destination": "stderr,jsonlog",
            "log_directory": str(self.log_folder.resolve()),
            "log_filename": self.log.name,
            "log_rotation_age": "0",
            "log_rotation_size": "0",
        }
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in {**self.settings, **ours}.items()]
        write_atomic(self.data / "lab.conf", "".join(lines).encode(), mode=0o644)
        main = self.data / "postgresql.conf"
        include = "include 'lab.conf'"
        text = main.read_text()
        if include not in text:
            write_atomic(main, f"{text}\n{include}\n".encode())

    def _forget_dead_postmaster(self) -> None:
        """Remove the lock file of a killed server, once no process works in its directory any more.

        PostgreSQL takes any live or unreaped process with the recorded pid for the old server.
        """
        lock = self.data / "postmaster.pid"
        data = self.data.resolve()
        if lock.exists() and not any(_works_in(process, data) for process in psutil.process_iter()):
            lock.unlink(missing_ok=True)

    @property
    def _start_log(self) -> Path:
        return self.home / "start.log"

    def _run(self, program: str, *words: str | Path, timeout: float) -> Finished:
        path = self.binaries.program(program)
        return run([*prefix(path, self.home), path, *words, "-D", self.data], timeout=timeout)

    def _last_words(self) -> str:
        """What the server said last: a start that fails early writes to one log, later to the other."""
        said = []
        for log in (self._start_log, self.log):
            if log.exists():
                said += log.read_text(errors="replace").strip().splitlines()[-3:]
        return " / ".join(said) or "it said nothing"


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
