"""A lab that is up, and what a submission must not reach: folders, secrets, a process, a listener."""

import hashlib
import os
import secrets
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from lab.database import connect, workspace_url
from lab.database_url import DatabaseUrl
from lab.library import Library
from lab.operations.down import down
from lab.operations.measure import Checked
from lab.operations.ownership import template_of
from lab.operations.prepared import CACHE_VARIABLE
from lab.operations.runtimes import runtime_of
from lab.operations.up import up
from lab.probing.evidence import Verdict
from lab.runtime.account import Account
from lab.runtime.launch import process_id
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.hostile.fingerprint import Fingerprint, differences, fingerprint
from tests.hostile.levels import Level, measure
from tests.hostile.submissions import Submission, submitted
from tests.hostile.surroundings import Sink, identity, marked, passable, sink, start_victim
from tests.measuring import copy_library, copy_shipped

ROWS = 300_000
LARGEST_RUN = 64 * 2**20
"""Bytes of a run's folder, raw data included: far more than any measurement writes."""

END_TIMEOUT = 3.0
"""Seconds that processes have to end after the measurement."""

REAL = ("/etc", "/usr", "/usr/local", "/var/lib", "/root", "/home", "/opt", sys.prefix)
"""Folders of the machine. In them a submission opens an unnamed file at most."""


@dataclass
class Stage:
    """`root` holds the workspace and what is outside of it. `secrets` are the canaries by their kind."""

    root: Path
    workspace: Workspace
    port_offset: int
    token: str
    secrets: Mapping[str, str]
    sink: Sink
    victim: "subprocess.Popen[bytes]"
    before: Fingerprint = field(default_factory=dict)
    kept: frozenset[Path] = frozenset()
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)

    @property
    def outside(self) -> Path:
        return self.root / "outside"

    @property
    def folders(self) -> list[Path]:
        """What stands for places outside; any user may write to them."""
        others = [self.root / name for name in ("home", "etc", "other workspace", "library")]
        return [*others, self.outside]

    @property
    def account(self) -> Account:
        """The superuser of the lab's server."""
        return runtime_of(self.workspace).account

    @property
    def database(self) -> str:
        return DatabaseUrl.parse(workspace_url(self.workspace)).database

    @property
    def facts(self) -> dict[str, Any]:
        """What a submission is told; a real one would have to guess it."""
        ports = runtime_of(self.workspace).ports
        site = [path for path in sys.path if path.endswith("-packages")]
        places = [
            *map(str, self.folders),
            *REAL,
            *site,
            str(PROJECT),
            str(PROJECT / "lab"),
            str(self.workspace.root),
        ]
        return {
            "token": self.token,
            "outside": str(self.outside),
            "home": str(self.root / "home"),
            "workspace": str(self.workspace.root),
            "canaries": [str(folder / ".canary") for folder in self.folders],
            "folders": [str(folder) for folder in self.folders],
            "packages": site,
            "places": {path: identity(path) for path in places if Path(path).is_dir()},
            "live_database": self.database,
            "template": template_of(self.database),
            "database_port": self.account.port,
            "service_ports": [port for name, port in ports.items() if name != "db"],
            "sink_port": self.sink.port,
            "victim": self.victim.pid,
            "victim_started": process_id(psutil.Process(self.victim.pid)).started,
        }

    # A measurement, and what the submission gained by it.

    def verdicts_of(self, bugs: list[int], level: Level) -> Mapping[int, Verdict]:
        """The verdicts on the untouched code."""
        checked, said = self._measure(bugs, level)
        assert checked is not None, said.decode()
        return {one.bug: one.verdict for one in checked.evidence}

    def gains(self, one: Submission, level: Level) -> list[str]:
        """What the submission gained, a sentence for each; that it was not run, if it must be, as well."""
        runs = set(self.workspace.runs.glob("*"))
        files, self.sink.received = self._files(), []
        with submitted(one, self.workspace.root, self.facts):
            submitted_files = self._files()
            checked, said = self._measure(one.bugs, level)
            written = b"\n".join([said, *self._contents(runs)])
            size = self._size(runs)
            now = self._files()
        gained = [line for line in _lines(written) if line.startswith("GAINED")]
        gained += [
            f"canary: {kind} in the output" for kind, text in self.secrets.items() if text.encode() in written
        ]
        gained += [f"changed: {path}" for path in now if now[path] != submitted_files.get(path)]
        after = self._files()
        gained += [f"files are not as before: {path}" for path in files if files[path] != after.get(path)]
        gained += [f"received: {content!r}" for content in self.sink.received]
        gained += [f"survived: {' '.join(process)}" for process in self.survivors()]
        if self.victim.poll() is not None:
            gained.append("the process of the user was ended")
        if size > LARGEST_RUN:
            gained.append(f"the run has {size:,} bytes")
        gained += [f"database: {name} differs" for name in differences(self.before, self._fingerprint())]
        gained += self._verdicts_gained(one, checked, said)
        if one.runs and not any(line.startswith("TRIED") for line in _lines(written)):
            gained.append("nothing: it was never run")
        return gained

    def _measure(self, bugs: list[int], level: Level) -> tuple[Checked | None, bytes]:
        canary = os.open(self.root / "descriptor.canary", os.O_RDONLY)
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.root / "home"),
            "HOSTILE": self.token,
            "CANARY_IN_ENVIRONMENT": self.secrets["environment"],
            "LAB_LIBRARY": str(self.root / "library"),
            "PYTHONDONTWRITEBYTECODE": "1",
            CACHE_VARIABLE: os.environ[CACHE_VARIABLE],
        }
        try:
            return measure(self.workspace.root, bugs, level, environment, [canary])
        finally:
            os.close(canary)

    def _verdicts_gained(self, one: Submission, checked: Checked | None, said: bytes) -> list[str]:
        if one.verdicts == "any":
            return []
        if checked is None:
            return [f"no verdict: {said.decode(errors='replace')[-300:]}"]
        noted = one.verdicts == "not fixed or noted" and any("pg_" in note for note in checked.notes)
        found = {evidence.bug: evidence for evidence in checked.evidence}
        gained = []
        for bug in one.bugs:
            evidence, untouched = found[bug], self.verdicts[bug]
            fixed = evidence.verdict is Verdict.FIXED and not noted
            if fixed or (one.verdicts == "same" and evidence.verdict is not untouched):
                gained.append(f"verdict: bug {bug} is {evidence.verdict.value}: {evidence.why}")
        return gained

    # What is looked at.

    def _contents(self, before: set[Path]) -> Iterator[bytes]:
        """All files of the new runs, the log of each service among them."""
        for path in self._of_new_runs(before):
            with suppress(OSError):
                yield path.read_bytes()[: 2**22]

    def _size(self, before: set[Path]) -> int:
        return sum(path.stat().st_size for path in self._of_new_runs(before))

    def _of_new_runs(self, before: set[Path]) -> Iterator[Path]:
        for run in set(self.workspace.runs.glob("*")) - before:
            yield from (path for path in run.rglob("*") if path.is_file() and not path.is_symlink())

    def _files(self) -> dict[str, bytes]:
        """A hash of each file outside and in the workspace, but of lab's records and of the server's data."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            if here == self.workspace.state:
                folders[:], names = ["shipped"], []
            folders[:] = [name for name in folders if name != "__pycache__"]
            for path in (here / name for name in names):
                if not path.is_symlink() and stat.S_ISREG(path.stat().st_mode):
                    found[str(path.relative_to(self.root))] = hashlib.sha256(path.read_bytes()).digest()
        return found

    def _fingerprint(self) -> Fingerprint:
        with suppress(Exception):
            return fingerprint(self.account, self.database, template_of(self.database))
        return {"server": "cannot be read"}

    def survivors(self) -> list[list[str]]:
        """The command lines of what the measurement started and did not end. They are killed."""
        until = time.monotonic() + END_TIMEOUT
        while (found := list(marked(self.token, self.workspace.runs))) and time.monotonic() < until:
            time.sleep(0.1)
        lines = []
        for process in found:
            with suppress(psutil.Error):
                lines.append(process.cmdline())
                process.kill()
        return lines

    # The lab.

    def bring_up(self) -> None:
        up(self.workspace, rows=ROWS, port_offset=self.port_offset)
        with closing(connect(workspace_url(self.workspace))) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE canaries (secret text)")
            cursor.execute("INSERT INTO canaries VALUES (%s)", (self.secrets["row"],))
        self.before = self._fingerprint()

    def restore(self) -> None:
        """Make what a submission changed anew: the lab that comes next must not fail for it."""
        self.survivors()
        for folder in self.folders:
            for path in folder.iterdir():
                if path not in self.kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        (self.outside / "runs").mkdir(exist_ok=True)
        shutil.rmtree(self.workspace.runs, ignore_errors=True)
        if differences(self.before, self._fingerprint()):
            with suppress(Exception):
                down(self.workspace, destroy=True)
            shutil.rmtree(self.workspace.state, ignore_errors=True)
            self.bring_up()
        if self.victim.poll() is not None:
            self.victim = start_victim()


@contextmanager
def staged(root: Path, port_offset: int) -> Iterator[Stage]:
    """The stage in `root`, which other users may pass through, with the lab up."""
    token = secrets.token_hex(6)
    hidden = {
        kind: f"CANARY-{token}-{kind}_{secrets.token_hex(8)}"
        for kind in ("file", "environment", "row", "descriptor")
    }
    copy_library(root / "library")
    workspace = Workspace(copy_shipped(root / "work" / "space").resolve(), Library(root / "library"))
    with passable(root), ExitStack() as cleanup:
        (root / "descriptor.canary").write_text(hidden["descriptor"])
        for name in ("home", "etc", "other workspace", "library", "outside", "outside/runs"):
            (root / name).mkdir(exist_ok=True)
            (root / name).chmod(0o777)
            if name != "outside/runs":
                (root / name / ".canary").write_text(hidden["file"])
        listening = cleanup.enter_context(sink(root / "outside", token))
        victim = start_victim()
        stage = Stage(root, workspace, port_offset, token, hidden, listening, victim)
        stage.kept = frozenset(path for folder in stage.folders for path in folder.iterdir())
        try:
            stage.bring_up()
            yield stage
        finally:
            stage.victim.kill()
            stage.victim.wait()
            stage.survivors()
            down(workspace, destroy=True)
            Path(f"/tmp/lock-{token}").unlink(missing_ok=True)


def _lines(content: bytes) -> list[str]:
    return list(dict.fromkeys(content.decode(errors="replace").splitlines()))
