"""What was started, kept on disk: enough to find a process again, prove it ours, and tell how it ended."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from lab.workspace import write_atomic

OUT_OF_MEMORY = "out of memory"
STOPPED = "stopped"
CLOCK_SLACK = 2.0  # seconds: a start time is reckoned from the boot time, which moves when the clock is set


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same pid; `started` is a Unix time."""

    pid: int
    started: float

    def process(self) -> psutil.Process | None:
        """The process, while it lives; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK_SLACK
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def this_process() -> ProcessId:
    return process_id(psutil.Process())


def process_id(process: psutil.Process) -> ProcessId:
    return ProcessId(process.pid, process.create_time())


@dataclass(frozen=True, slots=True)
class Launch:
    """One service process to be: `memory_limit` in bytes, `port` where the host reaches it."""

    name: str
    argv: tuple[str, ...]
    folder: str
    environment: dict[str, str]
    log: str
    port: int
    memory_limit: int | None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a service ended: `code` as a shell shows it (137 for SIGKILL), `peak` memory in bytes."""

    code: int
    reason: str
    peak: int
    at: float


@dataclass(frozen=True, slots=True)
class Record:
    """A launch, the guard that watches it, the service itself, and its end once it has one."""

    launch: Launch
    guard: ProcessId
    child: ProcessId
    exit: Exit | None = None

    def write(self, folder: Path) -> None:
        content = json.dumps(asdict(self), indent=1).encode()
        write_atomic(folder / f"{self.launch.name}.json", content, mode=0o600)


def read(folder: Path, name: str) -> Record | None:
    """The record of the service's last start; None when there is none, or none that can be read."""
    try:
        document: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
        launch = {**document["launch"], "argv": tuple(document["launch"]["argv"])}
        return Record(
            Launch(**launch),
            ProcessId(**document["guard"]),
            ProcessId(**document["child"]),
            Exit(**document["exit"]) if document["exit"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
