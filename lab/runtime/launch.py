"""What was started, kept on disk: enough to find a process again, prove it ours, and tell how it ended."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import psutil

from lab.files import write_atomic

OUT_OF_MEMORY = "out of memory"
STOPPED = "stopped"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same pid, by the mark of its start."""

    pid: int
    started: str

    def process(self) -> psutil.Process | None:
        """The process, while it lives; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            same = _start_mark(process) == self.started
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.Error, OSError, ValueError, TypeError):  # the last two: the record is damaged
            return None


def this_process() -> ProcessId:
    return process_id(psutil.Process())


def process_id(process: psutil.Process) -> ProcessId:
    return ProcessId(process.pid, _start_mark(process))


def _start_mark(process: psutil.Process) -> str:
    """When it started, by a clock that nobody sets: on Linux the boot, and the ticks since then.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (22, starttime)

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    if not BOOT_ID.exists():
        return f"{process.create_time():.3f}"
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError as error:
        raise psutil.NoSuchProcess(process.pid) from error
    return f"{BOOT_ID.read_text().strip()} {fields[19].decode()}"


@dataclass(frozen=True, slots=True)
class Launch:
    """One service process to be: `memory_limit` in bytes, `port` where the host reaches it."""

    name: str
    argv: tuple[str, ...] = ()
    folder: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    log: str = ""
    port: int = 0
    memory_limit: int | None = None


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
        """Keep it, with the folder that it is kept in: in a copy of the workspace it is nobody's."""
        document = {**asdict(self), "kept_in": str(folder.resolve())}
        write_atomic(folder / f"{self.launch.name}.json", json.dumps(document, indent=1).encode(), mode=0o600)


def read_record(folder: Path, name: str) -> Record | None:
    """The record of the service's last start; None when there is none that is ours and can be read.

    What another version of lab wrote about the launch is passed over: the processes must be found again.
    """
    try:
        document: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
        if document["kept_in"] != str(folder.resolve()):
            return None
        known = {f.name for f in fields(Launch)}
        launch = {key: value for key, value in document["launch"].items() if key in known}
        return Record(
            Launch(**{**launch, "argv": tuple(launch.get("argv", ()))}),
            ProcessId(**document["guard"]),
            ProcessId(**document["child"]),
            Exit(**document["exit"]) if document["exit"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
