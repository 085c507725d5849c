"""A PostgreSQL server of the workspace's own: made, started, found again, stopped.

It listens on 127.0.0.1 with a password and outlives the command that started it.
"""

import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.files import write_atomic
from lab.runtime.account import MAINTENANCE, Account
from lab.runtime.binaries import Binaries
from lab.runtime.launch import process_id
from lab.runtime.log_files import BLOCK
from lab.runtime.process import wait_for_end
from lab.runtime.unprivileged import as_ordinary_user
from lab.shell import Finished, run

RETRY = 0.2  # seconds
RECOVERY = 5.0  # seconds that a server of ours has to answer again after a crash of one of its processes
STOPPING = 20.0  # seconds that each way of stopping may take
LOG_LIMIT = 50 * 2**20  # bytes


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
        if self._runs_already():
            return
        if not self.data.exists():
            self._initialise()
        self._check_version()
        self._configure()
        until = time.monotonic() + deadline
        while True:
            self._forget_dead_postmaster()
            self._start_log.write_bytes(b"")
            already_said = self.log.stat().st_size if self.log.exists() else 0
            if (
                self._run("pg_ctl", "start", "-w", "-t", "30", "-s", "-l", self._start_log, timeout=40).code
                == 0
            ):
                self._require_account()
                return
            words = self._last_words(already_said)
            if time.monotonic() > until or "lock file" not in words:
                raise EnvironmentFault(f"PostgreSQL did not start: {words}", f"Its log: {self.log}")
            time.sleep(RETRY)  # the kernel still holds what a killed server left

    def _require_account(self) -> None:
        try:
            connect(self.account.url(MAINTENANCE)).close()
        except DatabaseUnreachable as error:
            raise EnvironmentFault(
                f"PostgreSQL runs, but does not know its owner {self.account.user} by this password: "
                f"{error.message}",
                "Put POSTGRES_USER and POSTGRES_PASSWORD back, or start afresh: lab down --destroy",
            ) from error

    def _runs_already(self) -> bool:
        """Whether it runs as it should; ours on another port, or deaf to our account, is stopped."""
        until = time.monotonic() + RECOVERY
        while self.postmaster() is not None:
            if self.running():
                return True
            if self.port_in_use() != self.account.port or time.monotonic() > until:
                self.stop()
            time.sleep(RETRY)
        return False

    def stop(self) -> None:
        """Stop the server, its connections with it; does nothing when it is not ours or does not run.

        By its signals for a fast and an immediate shutdown, which work whatever became of its files.
        https://www.postgresql.org/docs/current/server-shutdown.html

        Raises:
            EnvironmentFault: it would not stop.
        """
        for number in (signal.SIGINT, signal.SIGQUIT):
            server = self.postmaster()
            if server is None:
                return
            with suppress(psutil.NoSuchProcess):
                identity = process_id(server)
                server.send_signal(number)
                if wait_for_end(identity, STOPPING):
                    return
        if self.postmaster() is None:
            return
        raise EnvironmentFault(f"PostgreSQL did not stop: {self._last_words(0)}", f"Its log: {self.log}")

    def running(self) -> bool:
        """Whether the server that answers on our port is this data directory's, and no other."""
        if self.port_in_use() != self.account.port:
            return False
        try:
            connect(self.account.url(MAINTENANCE)).close()
        except DatabaseUnreachable:
            return False
        return True

    def postmaster(self) -> psutil.Process | None:
        """The server's first process, if it is proved ours: a postgres at work in our data directory.

        `postmaster.pid` names it; it is looked for where that file is damaged or gone.
        """
        if not self.data.exists():
            return None
        with suppress(OSError, ValueError, psutil.Error):
            named = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            if self._has(named):
                return named
        found = {process.pid: process for process in psutil.process_iter() if self._has(process)}
        return next((one for one in found.values() if _parent(one) not in found), None)

    def port_in_use(self) -> int | None:
        """The port that our running server listens on; None when it does not run.

        https://www.postgresql.org/docs/current/storage-file-layout.html (postmaster.pid)
        """
        if self.postmaster() is None:
            return None
        try:
            return int((self.data / "postmaster.pid").read_text().splitlines()[3])
        except (OSError, ValueError, IndexError):
            return None  # it is still starting

    def _initialise(self) -> None:
        """Make the data directory under another name: a kill leaves nothing that looks like a whole one."""
        self.home.mkdir(parents=True, exist_ok=True)
        unfinished = self.home / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        secret = self.home / "owner-password"
        write_atomic(secret, self.account.password.encode(), mode=0o600)
        try:
            finished = run(
                [
                    *as_ordinary_user(self.binaries.program("initdb"), self.home),
                    self.binaries.program("initdb"),
                    *("-D", unfinished, "-U", self.account.user, f"--pwfile={secret}"),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
                ],
                timeout=120,
            )
        finally:
            secret.unlink()
        if finished.code != 0:
            said = finished.stderr.decode(errors="replace").splitlines()
            errors = [line for line in said if "FATAL:" in line or "error:" in line]
            first = (errors or [finished.last_line])[0]
            raise EnvironmentFault(f"PostgreSQL's data directory was not made: {first}.")
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        try:
            made_by = int((self.data / "PG_VERSION").read_text())
        except (OSError, ValueError) as error:
            raise EnvironmentFault(
                f"{self.data} is no data directory of PostgreSQL: {error}.",
                "Start afresh: lab down --destroy, then lab up",
            ) from error
        if made_by != self.binaries.major:
            raise EnvironmentFault(
                f"The data in {self.data} is PostgreSQL {made_by}'s, but {self.binaries.folder} holds "
                f"{self.binaries.major}.",
                "Name the right one in LAB_PG_BIN, or start afresh: lab down --destroy, then lab up",
            )

    def _configure(self) -> None:
        """Write our settings to a file of their own, which postgresql.conf includes."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            for log in (self.log, self.log.with_suffix(".json")):
                log.unlink(missing_ok=True)
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
        text = main.read_text() if main.exists() else ""
        if include not in text:
            write_atomic(main, f"{text}\n{include}\n".encode())

    def _forget_dead_postmaster(self) -> None:
        """Remove the lock file of a killed server, once no process works in its directory any more.

        PostgreSQL takes any live or unreaped process with the recorded pid for the old server.
        """
        lock = self.data / "postmaster.pid"
        if lock.exists() and not any(map(self._has, psutil.process_iter())):
            lock.unlink(missing_ok=True)

    def _has(self, process: psutil.Process) -> bool:
        """Whether it is one of this server's: by its name, and the data directory that it works in."""
        try:
            return process.name() == "postgres" and Path(process.cwd()) == self.data.resolve()
        except (psutil.Error, OSError):
            return False

    @property
    def _start_log(self) -> Path:
        return self.home / "start.log"

    def _run(self, program: str, *words: str | Path, timeout: float) -> Finished:
        path = self.binaries.program(program)
        before = as_ordinary_user(path, self.home, self.log_folder)
        return run([*before, path, *words, "-D", self.data], timeout=timeout)

    def _last_words(self, already_said: int) -> str:
        """What the server said since: a start that fails early writes to one log, later to the other."""
        said = []
        for log, start in ((self._start_log, 0), (self.log, already_said)):
            if log.exists():
                with log.open("rb") as file:
                    file.seek(max(start, log.stat().st_size - BLOCK))
                    said += file.read().decode(errors="replace").strip().splitlines()[-3:]
        return " / ".join(said) or "it said nothing"


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
