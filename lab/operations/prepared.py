"""The prepared server of a dataset: made once, kept in the user's cache, and copied wherever one is needed.

It holds nothing but what the library ships, so workspaces can share it. Nothing of a workspace is trusted to
make it.
"""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import compose, shipped
from lab.compose import ComposeFile
from lab.errors import EnvironmentFault, Locked
from lab.files import write_atomic
from lab.lock import exclusive_lock
from lab.operations.build import fill_template
from lab.operations.ownership import Dataset, template_of
from lab.operations.renewal import current_origin
from lab.operations.seeding import top_up
from lab.profile import TopUp, profile_of
from lab.progress import Progress, Update, silent
from lab.runtime import database_service, databases, roles
from lab.runtime.account import SUPERUSER, Account
from lab.runtime.binaries import find_binaries
from lab.runtime.ports import ReservedPorts
from lab.runtime.postgres import EmbeddedPostgres, abort_server
from lab.runtime.prepared import COPY_TIMEOUT, SUPERUSER_PASSWORD, Prepared
from lab.shadow.code import shipped_compose_text
from lab.shell import run
from lab.workspace import Workspace

CACHE_VARIABLE = "LAB_CACHE"
FORMAT = 2
"""Raised when a prepared server gets another content than one of an earlier version of lab."""

UNFINISHED = ".unfinished"
KEPT, KEPT_SECONDS = 4, 24 * 3600
"""Prepared servers that are kept however old they are, and the age at which the others are deleted."""

BUILD_WAIT = 600.0
"""Seconds to wait for another lab that makes the same server."""

SETTINGS = {"min_wal_size": "32MB", "max_wal_size": "64MB", "wal_recycle": "off"}
"""While it is made: its log files are copied with it."""


def cache_folder() -> Path:
    """Return the folder of the prepared servers: LAB_CACHE, else below XDG_CACHE_HOME or ~/.cache.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lab"


def prepared_server(
    workspace: Workspace, dataset: Dataset, progress: Progress, *, to_measure: bool = False
) -> Prepared:
    """Return the prepared server with this dataset at the library's shipped head; make it if it is missing.

    One `to_measure` has at least as many rows as lab.toml asks for. With 500,000 rows, it takes about 4 s.

    Raises:
        EnvironmentFault: it cannot be made, or the cache cannot be written.
        Locked: another lab took too long to make it.
        LabError: a shipped migration failed.
    """
    file = _shipped_compose(workspace)
    owner = database_service.account_of(file)
    binaries, database = find_binaries(), database_service.database_of(file)
    settings = database_service.server_settings(file, binaries.major)
    made_with = sorted(settings.items())
    wanted = profile_of(workspace).top_up if to_measure else None
    added = wanted if wanted and dataset.rows < wanted.rows else None
    name = _key(workspace, dataset, binaries.folder, binaries.major, made_with, owner.user, database, added)
    home = cache_folder() / name
    made = Prepared(home, binaries, template_of(database), database, owner.user, settings)
    if _is_ready(home):
        return made
    cache = _own_folder(cache_folder())
    with exclusive_lock(cache / f"{name}.lock", progress=progress, wait=BUILD_WAIT):
        if not _is_ready(home):
            _prune(cache)
            progress(Update("Preparing a database server, once"))
            _make(workspace, dataset, added, made, progress)
    return made


def _shipped_compose(workspace: Workspace) -> ComposeFile:
    with TemporaryDirectory(prefix="lab-") as folder:
        path = Path(folder) / workspace.compose_file.name
        path.write_bytes(shipped_compose_text(workspace))
        return compose.read(path, {})


def _make(
    workspace: Workspace,
    dataset: Dataset,
    added: TopUp | None,
    wanted: Prepared,
    progress: Progress,
) -> None:
    # In the workspace: the user that PostgreSQL runs as may be unable to open the cache.
    unfinished = workspace.state / f"{wanted.home.name}{UNFINISHED}"
    _remove(unfinished)
    ports = ReservedPorts()
    (port,) = ports.take(1)
    account = Account(port, SUPERUSER, secrets.token_urlsafe(), owner=wanted.owner)
    settings = {**wanted.settings, **SETTINGS}
    server = EmbeddedPostgres(wanted.binaries, unfinished, unfinished / "log", account, settings)
    try:
        server.start()
        roles.make_owner(account)
        roles.observe_statements(account)
        with _shipped_code(workspace, unfinished / "code") as code:
            fill_template(workspace, code, account, wanted.template, dataset, progress)
            if added:
                progress(Update(f"Adding rows to measure, up to {added.rows:,}"))
                databases.allow_connections(account, wanted.template, True)
                top_up(workspace, code, account.owner_url(wanted.template), added)
                databases.allow_connections(account, wanted.template, False)
        roles.forget_statements(account)  # a user looks for those of the services
        server.stop()
        shutil.rmtree(unfinished / "log")
        write_atomic(unfinished / SUPERUSER_PASSWORD, account.password.encode(), mode=0o600)
        _move(unfinished, wanted.home)
    except BaseException:
        with suppress(EnvironmentFault):
            _remove(unfinished)
        raise
    finally:
        ports.release()


def remove_unfinished(workspace: Workspace) -> None:
    """Stop and delete the servers that a killed command was making. One that is being made stays."""
    for path in workspace.state.glob(f"*{UNFINISHED}"):
        lock = (cache_folder() / path.name).with_suffix(".lock")
        with suppress(EnvironmentFault, Locked), exclusive_lock(lock, progress=silent, wait=0.0):
            _remove(path)


def _remove(unfinished: Path) -> None:
    """Stop the server in the folder, and delete it. Raises EnvironmentFault: it still runs."""
    if (unfinished / "data").exists() or (unfinished / "data.unfinished").exists():
        abort_server(unfinished, unfinished / "log")
    shutil.rmtree(unfinished, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Move the folder, so that a kill never leaves half of it as `target`. Raises EnvironmentFault."""
    try:
        source.rename(target)
    except OSError:  # another file system
        copied = target.with_suffix(UNFINISHED)
        shutil.rmtree(copied, ignore_errors=True)
        finished = run(["cp", "-Rp", source, copied], timeout=COPY_TIMEOUT)
        if finished.code != 0:
            shutil.rmtree(copied, ignore_errors=True)
            raise EnvironmentFault(f"The server cannot be kept in the cache: {finished.last_line}.") from None
        copied.rename(target)
        shutil.rmtree(source)


@contextmanager
def _shipped_code(workspace: Workspace, folder: Path) -> Iterator[Path]:
    """Yield the folder with the shipped code: the library's, or a copy where the workspace is the library."""
    if workspace.library.root != workspace.root:
        yield workspace.library.root
        return
    shipped.write_to(workspace, folder)
    yield folder
    shutil.rmtree(folder)


def _key(workspace: Workspace, dataset: Dataset, *others: object) -> str:
    parts = (FORMAT, current_origin(workspace), dataset, *others)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _is_ready(home: Path) -> bool:
    """Whether the server is complete; then it counts as used now."""
    try:
        os.utime(home)
    except OSError:
        return False
    return True


def _own_folder(folder: Path) -> Path:
    """Make the folder if it is missing. Raises EnvironmentFault: that fails, or it is another user's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise EnvironmentFault(
            f"{folder} cannot be made: {error.strerror}.", f"Name another folder in {CACHE_VARIABLE}."
        ) from error
    if owner != os.geteuid():
        raise EnvironmentFault(f"{folder} is another user's.", f"Name another folder in {CACHE_VARIABLE}.")
    return folder


def _prune(cache: Path) -> None:
    """Delete servers that no lab has copied for long."""
    with suppress(OSError):
        found = sorted((path.stat().st_mtime, path) for path in cache.iterdir() if path.is_dir())
        for used, path in found[:-KEPT]:
            if time.time() - used > KEPT_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
