"""The descendants of a process, and the memory of each."""

from contextlib import suppress
from pathlib import Path

import psutil


def resident(process: psutil.Process) -> int:
    """Return the resident bytes; 0 once the process has ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def without_files(process: psutil.Process) -> int:
    """Return the resident bytes without those of mapped files, which processes have in common."""
    return _kilobytes(process, "status", ("RssAnon:", "RssShmem:")) or resident(process)


def proportional(process: psutil.Process) -> int:
    """Return the resident bytes with each page divided by the number of processes that map it.

    https://docs.kernel.org/filesystems/proc.html (smaps, Pss)
    """
    return _kilobytes(process, "smaps_rollup", ("Pss:",)) or without_files(process)


def _kilobytes(process: psutil.Process, name: str, keys: tuple[str, ...]) -> int:
    """Return the sum of these entries of a file in /proc, in bytes; 0 if it cannot be read."""
    try:
        lines = Path(f"/proc/{process.pid}/{name}").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(keys))
    except (OSError, ValueError, IndexError):
        return 0


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """Return the children of the process, and theirs. Raises psutil.Error if it has ended."""
    # psutil looks at every process of the machine for this. On Linux, the kernel lists the children.
    tasks = Path(f"/proc/{process.pid}/task")
    if not (tasks / str(process.pid) / "children").exists():
        return process.children(recursive=True)
    found = []
    for task in tasks.iterdir():
        pids: list[str] = []
        with suppress(OSError):  # a thread that has just ended
            pids = (task / "children").read_text().split()
        for pid in pids:
            with suppress(OSError, psutil.Error):  # a child that has just ended
                child = psutil.Process(int(pid))
                found.append(child)
                found += descendants(child)
    return found
