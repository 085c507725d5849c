"""A stopped server with a filled database. It is copied wherever one is needed: for a lab, or to measure.

The copy's superuser gets a password of its own when it starts first.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import EnvironmentFault
from lab.files import write_atomic
from lab.runtime.binaries import Binaries
from lab.sentences import sentence
from lab.shell import run

SUPERUSER_PASSWORD = "superuser-password"
"""The file beside a data directory with the superuser's password, readable by lab's own user only."""

FIRST_PASSWORD = "first-password"
"""The file with the superuser's password in the server that was copied, until the copy has one of its own."""

COPY_TIMEOUT = 600.0
"""Seconds to copy a data directory, of up to a gigabyte on a slow disk. This only bounds a hang."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The folder `home` has the data directory of a stopped server, with the database `template` in it.

    That is at the shipped head, and `owner` owns it. `database` is the name that a copy has for
    it, `settings` are the server's, by name.
    """

    home: Path
    binaries: Binaries
    template: str
    database: str
    owner: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def copy_to(self, home: Path, password: str) -> None:
        """Copy the data directory to `home`/data, for a server whose superuser has this password.

        A kill never leaves half a directory of that name. 500,000 rows take about 0.15 s.

        Raises:
            EnvironmentFault: a file cannot be copied or written. There is no data directory then.
        """
        unfinished = home / "data.unfinished"
        home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        finished = run(["cp", "-Rp", self.home / "data", unfinished], timeout=COPY_TIMEOUT)
        if finished.code != 0:
            raise EnvironmentFault(
                sentence(f"PostgreSQL's data directory was not copied: {finished.last_line}")
            )
        write_atomic(home / FIRST_PASSWORD, password_in(self.home).encode(), mode=0o600)
        write_atomic(home / SUPERUSER_PASSWORD, password.encode(), mode=0o600)
        unfinished.rename(home / "data")


def password_in(home: Path) -> str:
    """Return the password of the superuser of the server in `home`; empty if lab made none."""
    try:
        return (home / SUPERUSER_PASSWORD).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
