"""Run PostgreSQL's programs without root's privileges, which they refuse to run with."""

import os
import shutil
from pathlib import Path

from lab.errors import EnvironmentFault
from lab.shell import run

NOBODY = 65534
"""The uid and gid of the user `nobody`."""


def as_ordinary_user(program: Path, *writable: Path) -> tuple[str, ...]:
    """Return the words to put before `program` so that it runs without root's privileges.

    They are empty for an ordinary user. For root they enter a user namespace with the uid of `nobody`. Where
    namespaces are forbidden, as in most containers, they switch to that user, and the folders in `writable`,
    which the program writes to, are given to it.

    Raises:
        EnvironmentFault: neither way works on this machine.
    """
    if os.geteuid() != 0:
        return ()
    namespace = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
    if _works(namespace, program):
        return namespace
    setpriv = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
    if _works(setpriv, program):
        for folder in writable:
            folder.mkdir(parents=True, exist_ok=True)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        return setpriv
    raise EnvironmentFault(
        f"PostgreSQL refuses to run as root, and no other user can run {program} here.",
        "Run lab as an ordinary user, or move the workspace and its Python to where all users can read them.",
    )


def _works(words: tuple[str, ...], program: Path) -> bool:
    return shutil.which(words[0]) is not None and run([*words, program, "--version"], timeout=10).code == 0
