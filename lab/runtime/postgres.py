"""The workspace's own PostgreSQL server: start it, find it again, stop it.

It listens on 127.0.0.1, asks for a password, and outlives the command that started it.
"""

import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.database import connection_problem
from lab.errors import EnvironmentFault, LabError
from lab.runtime import data_directory, roles
from lab.runtime.account import MAINTENANCE, Account
from lab.runtime.binaries import Binaries, find_binaries
from lab.runtime.ending import END_POLL, wait_for_end
from lab.runtime.launch import process_id
from lab.runtime.log_files import BLOCK
from lab.runtime.prepared import FIRST_PASSWORD
from lab.runtime.unprivileged import as_ordinary_user, folder_of
from lab.shell import run

RETRY_INTERVAL = 0.2
"""Seconds between two attempts to start, or two looks at a server that recovers."""

RECOVERY_TIMEOUT = 5.0
"""Seconds that our server has to accept connections again after one of its processes crashed."""

STOP_TIMEOUT = 20.0
"""Seconds that a fast shutdown may take, and then an immediate shutdown again."""

LOG_LIMIT = 50 * 2**20
"""Bytes. A larger log is deleted when the server starts."""


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A server whose data directory is `home/data`; `settings` are PostgreSQL's, by name."""

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

    def start(self, timeout: float = 30.0) -> None:
        """Start the server if it doesn't run, and make its data directory if there is none.

        A server on another port, or one that refuses the account, is restarted. A start that fails because of
        a killed server's lock file is repeated for `timeout` seconds; each attempt may take 40 s.

        Raises:
            EnvironmentFault: it did not start, its data is of another version, or it refuses the account.
        """
        if self._runs_already():
            return
        if not self.data.exists():
            data_directory.make(self.data, self.binaries, self.account)
        data_directory.require_version(self.data, self.binaries)
        self._prepare_log_folder()
        data_directory.configure(self.data, self.account.port, self.log, self.settings)
        deadline = time.monotonic() + timeout
        while True:
            self._remove_stale_lock_file()
            self._start_log.write_bytes(b"")
            log_size = self.log.stat().st_size if self.log.exists() else 0
            if self._pg_ctl_start():
                self._set_own_passwords()
                self._require_account()
                return
            messages = self._messages_since(log_size)
            if time.monotonic() > deadline or "lock file" not in messages:
                raise EnvironmentFault(f"PostgreSQL did not start: {messages}", f"Its log: {self.log}")
            time.sleep(RETRY_INTERVAL)  # the kernel has not yet released what a killed server held

    def stop(self) -> None:
        """Stop the server and end its connections; does nothing if it doesn't run.

        SIGINT is a fast and SIGQUIT an immediate shutdown. Both work even if the server's files are damaged.
        https://www.postgresql.org/docs/current/server-shutdown.html

        Raises:
            EnvironmentFault: it still runs after both, each of which has STOP_TIMEOUT seconds.
        """
        self._stop(signal.SIGINT, signal.SIGQUIT)

    def abort(self) -> None:
        """Stop the server as a crash would, for data that is deleted next. Raises as `stop` does."""
        self._stop(signal.SIGQUIT)

    def _stop(self, *signals: signal.Signals) -> None:
        for number in signals:
            server = self.postmaster()
            if server is None:
                return
            with suppress(psutil.NoSuchProcess):
                identity = process_id(server)
                server.send_signal(number)
                if wait_for_end(identity, STOP_TIMEOUT):
                    self._wait_for_last()
                    return
        if self.postmaster() is not None:
            messages = self._messages_since(0)
            raise EnvironmentFault(
                f"PostgreSQL still runs. Its last messages: {messages}", f"Its log: {self.log}"
            )

    def _wait_for_last(self) -> None:
        """Wait for the process that writes the log: it ends after the first one, when it has read all."""
        deadline = time.monotonic() + STOP_TIMEOUT
        while any(map(self._is_ours, psutil.process_iter())) and time.monotonic() < deadline:
            time.sleep(END_POLL)

    def running(self) -> bool:
        """Return whether the server of this data directory accepts the account's connections, on its port."""
        on_our_port = self.port_in_use() == self.account.port
        return on_our_port and not connection_problem(self.account.url(MAINTENANCE))

    def postmaster(self) -> psutil.Process | None:
        """Return the server's first process; None if no postgres runs in the data directory.

        If `postmaster.pid` does not name it, all processes are searched.
        """
        if not self.data.exists():
            return None
        with suppress(OSError, ValueError, psutil.Error):
            named = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            if self._is_ours(named):
                return named
        found = {process.pid: process for process in psutil.process_iter(["ppid"]) if self._is_ours(process)}
        return next((one for one in found.values() if one.info["ppid"] not in found), None)

    def port_in_use(self) -> int | None:
        """Return the port in the server's postmaster.pid; None if it doesn't run or has not written it yet.

        https://www.postgresql.org/docs/current/storage-file-layout.html (postmaster.pid)
        """
        if self.postmaster() is None:
            return None
        try:
            return int((self.data / "postmaster.pid").read_text().splitlines()[3])
        except (OSError, ValueError, IndexError):
            return None

    def _runs_already(self) -> bool:
        """Return whether the server is usable. Stop one that is on another port or refuses our account."""
        deadline = time.monotonic() + RECOVERY_TIMEOUT
        while self.postmaster() is not None:
            with suppress(LabError):  # it may not accept connections yet
                self._set_own_passwords()
            if self.running():
                return True
            if self.port_in_use() != self.account.port or time.monotonic() > deadline:
                self.stop()
            time.sleep(RETRY_INTERVAL)
        return False

    def _prepare_log_folder(self) -> None:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            for log in (self.log, self.log.with_suffix(".json")):
                log.unlink(missing_ok=True)

    def _remove_stale_lock_file(self) -> None:
        """Remove the lock file of a killed server once no process runs in its directory.

        PostgreSQL takes any live or unreaped process with the recorded pid for the old server.
        """
        lock_file = self.data / "postmaster.pid"
        if lock_file.exists() and not any(map(self._is_ours, psutil.process_iter())):
            lock_file.unlink(missing_ok=True)

    def _pg_ctl_start(self) -> bool:
        pg_ctl = self.binaries.program("pg_ctl")
        prefix = as_ordinary_user(pg_ctl, self.home, self.log_folder)
        options = ("-w", "-t", "30", "-s", "-l", self._start_log, "-D", self.data)
        return run([*prefix, pg_ctl, "start", *options], timeout=40).code == 0

    def _set_own_passwords(self) -> None:
        """In a copied data directory, replace the passwords that the other server has."""
        first = self.home / FIRST_PASSWORD
        if first.exists():
            roles.set_passwords(self.account, first.read_text(encoding="ascii"))
            first.unlink()

    def _require_account(self) -> None:
        if problem := connection_problem(self.account.url(MAINTENANCE)):
            raise EnvironmentFault(
                f"PostgreSQL runs, but refuses its owner {self.account.user}: {problem}",
                "Restore POSTGRES_USER and POSTGRES_PASSWORD, or delete the data: lab down --destroy",
            )

    def _is_ours(self, process: psutil.Process) -> bool:
        """Return whether it is one of this server's processes, by its name and its current folder."""
        try:
            return process.name() == "postgres" and folder_of(process) == self.data.resolve()
        except (psutil.Error, OSError, LabError):
            return False

    @property
    def _start_log(self) -> Path:
        return self.home / "start.log"

    def _messages_since(self, log_size: int) -> str:
        """Return the last lines of both logs: pg_ctl's, and the server's own beyond `log_size` bytes."""
        lines = []
        for log, start in ((self._start_log, 0), (self.log, log_size)):
            if log.exists():
                with log.open("rb") as file:
                    file.seek(max(start, log.stat().st_size - BLOCK))
                    lines += file.read().decode(errors="replace").strip().splitlines()[-3:]
        return " / ".join(lines) or "it logged nothing"


def server_to_stop(home: Path, log_folder: Path) -> EmbeddedPostgres:
    """Return the server of the data in `home`, without the account and settings that only a start needs."""
    return EmbeddedPostgres(find_binaries(), home, log_folder, Account(port=0, user="", password=""), {})


def abort_server(home: Path, log_folder: Path) -> None:
    """Stop the server of the data in `home`, as a crash would. Raises EnvironmentFault: it still runs."""
    server_to_stop(home, log_folder).abort()
