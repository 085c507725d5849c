"""Prove that a recorded process is one that lab started: a record may name any process of the user's."""

import time
from pathlib import Path

import psutil

from lab.runtime.launch import RECORDS_VARIABLE, Record

GUARD = "lab.runtime.guard"
EXEC_TIMEOUT = 1.0  # seconds


def is_ours(record: Record, records: Path) -> bool:
    """Return whether every process of the record that still runs was started for the folder `records`.

    A guard's command line names the folder. A service has it in its environment, or is its guard's child. A
    `lab run` is known by its command.
    """
    guard, child = record.guard.process(), record.child.process()
    guarded = guard is None or _is_guard(guard, records) or (record.foreground and _runs(guard, record))
    if child is None:
        return guarded
    return guarded and (_is_marked(child, records) or (guard is not None and _parent(child) == guard.pid))


def guard_words(records: Path) -> list[str]:
    """Return the last words of the command line of a guard with this folder."""
    return [GUARD, str(records.resolve())]


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
        return _environment(process).get(RECORDS_VARIABLE) == str(records.resolve())
    except (psutil.Error, OSError):
        return False


def _environment(process: psutil.Process) -> dict[str, str]:
    """Return the process's environment, which is empty for a moment after its parent was told that exec worked.

    The kernel closes close-on-exec files, by which a parent is told, before it sets where the environment lies:
    https://github.com/torvalds/linux/blob/v6.1/fs/exec.c (begin_new_exec), fs/binfmt_elf.c (create_elf_tables)
    """
    deadline = time.monotonic() + EXEC_TIMEOUT
    while not (found := process.environ()) and time.monotonic() < deadline:
        time.sleep(0.001)
    return found


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
