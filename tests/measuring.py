"""Measure a copy of the shipped code, changed as a test likes, on the session's server."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Fix
from lab.database import connect
from lab.operations.catalog import catalog_of
from lab.probes.evidence import Evidence
from lab.probes.suite import NEEDS
from lab.probes.verdict import measure
from lab.progress import Progress, silent
from lab.shadow import Shadow, Source, shadow
from lab.shell import run
from lab.shipped import FILES, FOLDERS
from lab.workspace import PROJECT, Workspace
from tests.conftest import Server


@dataclass(frozen=True)
class Bench:
    """Makes shadows of `root`, a workspace of the shipped code that is the test's to change."""

    root: Path
    runs: Path
    server: Server
    template: str

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path} holds {text.count(old)} of {old!r}"
        file.write_text(text.replace(old, new))

    def patch(self, patch: Path) -> None:
        """Apply a patch in git's form; every hunk must fit exactly."""
        finished = run(
            ["git", "apply", "--whitespace=nowarn", patch.resolve()],
            cwd=self.root,
            env={"GIT_CEILING_DIRECTORIES": str(self.root.parent)},
        )
        assert finished.code == 0, finished.stderr.decode()

    @contextmanager
    def shadow(
        self,
        *bugs: int,
        fixes: tuple[Fix, ...] = (),
        live: str | None = None,
        full: bool = False,
        name: str = "run",
        progress: Progress = silent,
        **timeouts: float,
    ) -> Iterator[Shadow]:
        """A shadow for these bugs; the code of `fixes` is the caller's to apply, their schema is not."""
        account = self.server.account
        origin = Source(Workspace(self.root), account, self.template, live, lambda: fixes)
        needed = {service for bug in bugs for service in NEEDS[bug]}
        run = self.runs / name
        with shadow(origin, run, services=needed, full=full, progress=progress, **timeouts) as made:
            yield made

    def measure(
        self, *bugs: int, fixes: tuple[Fix, ...] = (), live: str | None = None
    ) -> Mapping[int, Evidence]:
        """What the probes say of these bugs."""
        with self.shadow(*bugs, fixes=fixes, live=live) as made:
            found = measure(made.endpoints, bugs)
            return {one.evidence.bug: one.evidence for one in found}

    def shadows(self) -> list[str]:
        """The databases of shadows that stand on the server now."""
        connection = connect(self.server.url("postgres"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'lab_shadow_%' ORDER BY 1")
            names = [name for (name,) in cursor.fetchall()]
        connection.close()
        return names


def copy_shipped(target: Path) -> Path:
    """The code as shipped, without the fixes."""
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(PROJECT / name, target / name)
    return target


def fix(number: int) -> Fix:
    found = catalog_of(Workspace(PROJECT)).get(number)
    assert found is not None, f"there is no fix {number}"
    return found
