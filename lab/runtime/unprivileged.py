"""Run PostgreSQL's programs without root's powers, which they refuse to start with."""

import os
import shutil
from pathlib import Path

from lab.errors import EnvironmentFault
from lab.shell import run

NOBODY = 65534


def as_ordinary_user(program: Path, *written: Path) -> tuple[str, ...]:
    """The words to put before `program` so that it runs as an ordinary user; it will write to `written`.

    An ordinary user needs none. Root gets a user namespace in which it is nobody: no account is made and
    no right is changed. Where namespaces are forbidden (inside most containers), the folders that it writes
    to are given to nobody.

    Raises:
        EnvironmentFault: neither way works here.
    """
    if os.geteuid() != 0:
        return ()
    namespace = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
    if _works(namespace, program):
        return namespace
    setpriv = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
    if _works(setpriv, program):
        for folder in written:
            folder.mkdir(parents=True, exist_ok=True)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        return setpriv
    raise EnvironmentFault(
        f"PostgreSQL refuses to run as root, and no other user can run {program} here.",
        "Run lab as an ordinary user, or put the workspace and its Python where every user may read.",
    )


def _works(words: tuple[str, ...], program: Path) -> bool:
    return shutil.which(words[0]) is not None and run([*words, program, "--version"], timeout=10).code == 0
