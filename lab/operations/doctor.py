"""Check that the machine has what the lab needs."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from lab import sandbox
from lab.errors import EnvironmentFault, LabError
from lab.files import write_atomic
from lab.operations.runtimes import runtime_of
from lab.operations.settings import DOCKER, load_settings
from lab.runtime.binaries import find_binaries
from lab.runtime.docker import project_of
from lab.runtime.unprivileged import as_ordinary_user
from lab.sandbox import Level
from lab.shell import run
from lab.workspace import Workspace, require_supported_path

NEEDED_DISK = 2**30  # bytes
ORIGINS = {
    "wheel": "installed as a Python package",
    "path": "found on the PATH",
    "host": "installed on this machine",
    "LAB_PG_BIN": "named by LAB_PG_BIN",
}
WALLS = {
    Level.BWRAP: "bubblewrap",
    Level.OTHER_USER: "another user and Landlock",
    Level.LANDLOCK: "Landlock",
    Level.NONE: "limits of resources",
}
"""What each level is made of, for people."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `detail` is what was found, or the problem and what to do.

    The lab works even if a check that is not `needed` fails.
    """

    name: str
    ok: bool
    detail: str
    needed: bool = True

    @property
    def failed(self) -> bool:
        return self.needed and not self.ok


def examine(workspace: Workspace) -> tuple[Check, ...]:
    """Return the results of all checks. A LabError in a check is its result; it is not raised."""
    in_containers = load_settings(workspace).runtime == DOCKER
    checks: tuple[tuple[str, bool, Callable[[Workspace], str]], ...] = (
        ("Python", True, _python),
        ("PostgreSQL", not in_containers, _postgres),
        ("git", True, _git),
        ("workspace", True, _writable),
        ("disk", True, _disk),
        ("compose file and ports", True, _ports),
        ("containers", in_containers, _containers),
        ("walls around the code", False, _walls),
    )
    results = []
    for name, needed, examine_one in checks:
        try:
            results.append(Check(name, True, examine_one(workspace), needed))
        except LabError as error:
            results.append(Check(name, False, " ".join(str(error).split()), needed))
    return tuple(results)


def disk_shortage(workspace: Workspace) -> str:
    """Return a sentence for messages: how little disk space is free; empty if there is enough."""
    free = shutil.disk_usage(workspace.root).free
    if free >= NEEDED_DISK:
        return ""
    return f"Only {free // 2**20} MiB are free in {workspace.root}; the lab needs about 1 GiB."


def _python(_: Workspace) -> str:
    return f"{sys.version.split()[0]}, {sys.executable}"


def _postgres(workspace: Workspace) -> str:
    binaries = find_binaries()
    as_ordinary_user(binaries.program("postgres"), workspace.data.parent)
    return f"{binaries.major}, {ORIGINS[binaries.origin]}: {binaries.folder}"


def _git(_: Workspace) -> str:
    finished = run(["git", "--version"], timeout=10)
    if finished.code != 0:
        raise EnvironmentFault("git does not run.", "Install it: lab compares and merges files with it.")
    return finished.stdout.decode().strip()


def _writable(workspace: Workspace) -> str:
    require_supported_path(workspace)
    probe = workspace.state / "writable"
    write_atomic(probe, b"")
    probe.unlink()
    return str(workspace.root)


def _disk(workspace: Workspace) -> str:
    if short := disk_shortage(workspace):
        raise EnvironmentFault(short)
    return f"{shutil.disk_usage(workspace.root).free / 2**30:.1f} GiB free"


def _ports(workspace: Workspace) -> str:
    runtime = runtime_of(workspace)
    runtime.require_ports()
    return f"{', '.join(map(str, runtime.ports.values()))} are free, or used by this lab"


def _containers(workspace: Workspace) -> str:
    project = project_of(workspace)
    return f"Docker Engine {project.require_engine()}, {' '.join(project.tool())}"


def _walls(_: Workspace) -> str:
    means = sandbox.found()
    if means.better:
        raise EnvironmentFault(f"Only {WALLS[means.level]}.", means.better)
    box = "" if sandbox.nests(means) else ", but no box: lab check --box does not work"
    return f"{WALLS[means.level]}{box}"
