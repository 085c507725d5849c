"""Run PostgreSQL's programs without root's privileges, which they refuse to run with."""

import os
import shutil
from pathlib import Path

import psutil

from lab.errors import EnvironmentFault
from lab.files import change_owner
from lab.shell import run

NOBODY = 65534
"""The uid and gid of the user `nobody`."""

SWITCH = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
REMEDY = "Run lab as an ordinary user, or move the workspace and its Python to where all users can read them."


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
    if _works(SWITCH, program):
        for folder in writable:
            folder.mkdir(parents=True, exist_ok=True)
            change_owner(folder, NOBODY)
            if run([*SWITCH, "/usr/bin/test", "-x", f"{folder}/."], timeout=10).code != 0:
                raise EnvironmentFault(
                    f"PostgreSQL refuses to run as root, and no other user can open {folder} here.", REMEDY
                )
        return SWITCH
    raise EnvironmentFault(
        f"PostgreSQL refuses to run as root, and no other user can run {program} here.",
        REMEDY,
    )


def folder_of(process: psutil.Process) -> Path:
    """Return the current folder of a process, also of one that `as_ordinary_user` started.

    In a container, root may not read it in /proc; the user of the process may. Raises psutil.Error.
    """
    try:
        return Path(process.cwd())
    except psutil.AccessDenied:
        if os.geteuid() != 0 or process.uids().real != NOBODY:
            raise
        finished = run([*SWITCH, "readlink", f"/proc/{process.pid}/cwd"], timeout=10)
        if finished.code != 0:
            raise
        return Path(os.fsdecode(finished.stdout.removesuffix(b"\n")))


def _works(words: tuple[str, ...], program: Path) -> bool:
    return shutil.which(words[0]) is not None and run([*words, program, "--version"], timeout=10).code == 0
