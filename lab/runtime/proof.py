"""Prove that a recorded process is one that lab started: a record may name any process of the user's."""

import time
from pathlib import Path

import psutil

from lab.runtime.launch import RECORDS_VARIABLE, ProcessId, Record

GUARD = "lab.runtime.guard"
SHOWS_TIMEOUT = 1.0
"""Seconds that a process may take to show what it runs."""


def is_ours(record: Record, records: Path) -> bool:
    """Return whether every process of the record that still runs was started for the folder `records`.

    A guard's command line names the folder. A service has it in its environment, or is its guard's child. A
    `lab run` is known by its command.
    """
    guard, child = _running(record.guard), _running(record.child)
    guarded = guard is None or _is_guard(guard, records) or (record.foreground and _runs(guard, record))
    if child is None:
        return guarded
    return guarded and (_is_marked(child, records) or (guard is not None and _parent(child) == guard.pid))


def guard_words(records: Path) -> list[str]:
    """Return the last words of the command line of a guard with this folder."""
    return [GUARD, str(records.resolve())]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Return the environment of the process, which is empty for a moment after its parent saw exec succeed.

    The kernel closes the files by which the parent sees it (begin_new_exec in
    https://github.com/torvalds/linux/blob/v6.1/fs/exec.c) before it sets where the command line and the
    environment are (create_elf_tables in fs/binfmt_elf.c). Kernel threads have neither, and no program file.

    Raises psutil.Error: the process has ended, or is another user's.
    """
    deadline = time.monotonic() + SHOWS_TIMEOUT
    while not process.cmdline() and process.exe() and time.monotonic() < deadline:
        time.sleep(0.001)
    return process.environ() or process.environ()


def _running(identity: ProcessId) -> psutil.Process | None:
    """Return the process, or None if it has ended. A process that is just ending shows no command line."""
    deadline = time.monotonic() + SHOWS_TIMEOUT
    while (found := identity.process()) is not None and not _words(found) and time.monotonic() < deadline:
        time.sleep(0.001)
    return found


def _is_guard(process: psutil.Process, records: Path) -> bool:
    return _words(process)[-2:] == guard_words(records)


def _runs(process: psutil.Process, record: Record) -> bool:
    words = _words(process)
    return "run" in words and record.launch.name in words and any("lab" in word for word in words)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _is_marked(process: psutil.Process, records: Path) -> bool:
    try:
        return environment_of(process).get(RECORDS_VARIABLE) == str(records.resolve())
    except (psutil.Error, OSError):
        return False


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
