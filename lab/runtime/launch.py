"""Records of started services on disk. Later commands read which processes run and how others ended."""

import signal
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.sandbox.level import Means

OUT_OF_MEMORY = "out of memory"
STOPPED = "stopped"
NOT_WALLED = "its wall could not be made"
GRACE = 10.0
"""Seconds that a service has for a clean stop before it is killed."""

STOP_REQUEST, START_REQUEST = signal.SIGUSR1, signal.SIGUSR2
"""Sent to a `lab run`: stop the service and wait, start it again."""

RECORDS_VARIABLE = "LAB_RECORDS"
"""Set for every service, to the folder of its record: a process that it left behind is found by this."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process by pid and start time, so that a later process with the same pid is not mistaken for it."""

    pid: int
    started: str

    def process(self) -> psutil.Process | None:
        """Return the process, or None once it has ended or is a zombie."""
        try:
            process = psutil.Process(self.pid)
            same = _start_time(process) == self.started
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.Error, OSError, ValueError):  # ValueError: the pid in a damaged record is negative
            return None


def process_id(process: psutil.Process | None = None) -> ProcessId:
    """Return the identity of `process`, by default of this process.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    process = process or psutil.Process()
    return ProcessId(process.pid, _start_time(process))


def _start_time(process: psutil.Process) -> str:
    """Return the start time by a clock that can't be set: on Linux the boot's id, and the ticks since then.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (22, starttime)
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
    """What to start as one service process.

    `folder` is its working folder, `environment` all its variables, `log` the file for its output, `port` the
    port on this machine. `memory_limit` is in bytes (None for no limit), `grace` in seconds (see GRACE).
    `code` is the hash of the files that the service runs; empty if it is not compared. With `means`, it runs
    behind a wall that is made by them.
    """

    name: str
    argv: tuple[str, ...] = ()
    folder: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    log: str = ""
    port: int = 0
    memory_limit: int | None = None
    grace: float = GRACE
    code: str = ""
    means: Means | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a service ended: `code` as in a shell (137: SIGKILL), `peak` memory in bytes, `at` in Unix time.

    `reached` names the bounds of its wall that it was seen to reach.
    """

    code: int
    reason: str
    peak: int
    at: float
    reached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A launch, the processes of its guard and of the service, and the service's exit once it has ended.

    `kept_in` is the record's folder, so that a copied workspace doesn't adopt the original's processes.
    `foreground`: the guard is a `lab run`, which stops and starts the service on request.
    """

    launch: Launch
    guard: ProcessId
    child: ProcessId
    exit: Exit | None = None
    kept_in: str = ""
    foreground: bool = False

    @property
    def in_foreground(self) -> bool:
        """Whether a `lab run` has this service. It may be about to start the service again."""
        return self.foreground and self.guard.process() is not None

    def write(self, folder: Path) -> None:
        """Write the record to `folder`, readable by its owner only: the environment may hold passwords.

        Raises EnvironmentFault if it cannot be written.
        """
        kept = replace(self, kept_in=str(folder.resolve()))
        write_atomic(folder / f"{self.launch.name}.json", to_json(kept).encode(), mode=0o600)


def read_record(folder: Path, name: str) -> Record | None:
    """Return the record of the service's last start; None if it is missing, damaged or of another folder.

    Unknown keys, from another version of lab, are ignored.
    """
    try:
        record = from_json((folder / f"{name}.json").read_bytes(), Record)
    except (OSError, ValueError):
        return None
    return record if record.kept_in == str(folder.resolve()) else None
