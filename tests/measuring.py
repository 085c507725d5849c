"""Measure a copy of the shipped code, changed as a test likes."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab import shipped
from lab.catalog import Catalog, Fix
from lab.library import Library
from lab.operations.box import measure_in_box
from lab.operations.catalog import catalog_of
from lab.operations.measure import Checked, measure_in_shadow
from lab.operations.probed_shadow import bug_to_measure
from lab.operations.target import Target
from lab.probing.connection import Database
from lab.probing.evidence import Evidence
from lab.probing.verdict import Bug, measure
from lab.profile import read_profile
from lab.progress import Progress, silent
from lab.runtime.prepared import Prepared
from lab.shadow.shadow import Shadow, Source, shadow
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT


@dataclass(frozen=True)
class Bench:
    """Makes shadows of `root`, a workspace of the shipped code that is the test's to change."""

    root: Path
    runs: Path
    prepared: Prepared

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
        thorough: bool = False,
        name: str = "run",
        progress: Progress = silent,
        **timeouts: float,
    ) -> Iterator[Shadow]:
        """A shadow for these bugs; the code of `fixes` is the caller's to apply, their schema is not."""
        origin = Source(Workspace(self.root), self.prepared, live, lambda: fixes)
        needed = {service: True for bug in bugs for service in needs(bug)}
        run = self.runs / name
        with shadow(origin, run, services=needed, thorough=thorough, progress=progress, **timeouts) as made:
            yield made

    def measure(
        self, *bugs: int, fixes: tuple[Fix, ...] = (), live: str | None = None
    ) -> Mapping[int, Evidence]:
        """What the probes say of these bugs."""
        with self.shadow(*bugs, fixes=fixes, live=live) as made:
            found = measure(made.bench, [to_measure(bug) for bug in bugs], numbers=numbers())
            return {one.evidence.bug: one.evidence for one in found}

    def measure_in_box(self, *bugs: int, fixes: tuple[Fix, ...] = ()) -> Mapping[int, Evidence]:
        """What the probes say of these bugs in a box."""
        checked = measure_in_box(*self._measured(fixes), [fix(bug) for bug in bugs])
        return {one.bug: one for one in checked.evidence}

    def check(self, *bugs: int, fixes: tuple[Fix, ...] = (), box: bool = False) -> Checked:
        """What the probes say of these bugs, and what is found beside them."""
        shipped.keep(Workspace(self.root))
        measure = measure_in_box if box else measure_in_shadow
        return measure(*self._measured(fixes), [fix(bug) for bug in bugs], with_contract=True)

    def _measured(self, fixes: tuple[Fix, ...]) -> tuple[Target, Source]:
        workspace = Workspace(self.root)
        target = Target(workspace, "", self.prepared, catalog())
        return target, Source(workspace, self.prepared, None, lambda: fixes)

    def shadows(self) -> list[Path]:
        """The servers of shadows whose data is there now."""
        return sorted(self.runs.glob("*/server"))


def database_at(url: str) -> Database:
    """A database whose owner is the observer too."""
    return Database(url, url)


def copy_shipped(target: Path) -> Path:
    """The code as shipped, without the fixes."""
    profile = read_profile(PROJECT / "lab.toml")
    for name in profile.folders:
        shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in profile.files:
        shutil.copy2(PROJECT / name, target / name)
    return target


def copy_library(target: Path) -> Path:
    """The code as shipped, with the fixes, the probes and the profile."""
    copy_shipped(target)
    for name in ("fixes", "probes"):
        shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(PROJECT / "lab.toml", target)
    return target


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """While the block runs, so many processes do nothing but use a core."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@cache
def catalog() -> Catalog:
    """The project's own fixes, read once."""
    return catalog_of(Workspace(PROJECT))


def fix(number: int) -> Fix:
    found = catalog().get(number)
    assert found is not None, f"there is no fix {number}"
    return found


def needs(number: int) -> tuple[str, ...]:
    """The services that the probe of this bug needs."""
    found = fix(number).probe
    assert found is not None, f"bug {number} has no probe"
    return found.services


def to_measure(number: int) -> Bug:
    return bug_to_measure(Library(PROJECT), fix(number))


def numbers() -> dict[str, int]:
    """The number of each bug that can be measured, by its slug."""
    return {found.slug: found.number for found in catalog().measurable}
