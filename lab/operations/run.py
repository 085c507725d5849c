"""Run one service in the foreground, in place of the lab's own instance of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from lab.errors import EnvironmentFault, LabError, Locked, Refused
from lab.lock import exclusive_lock
from lab.operations.runtimes import require_services, require_up, runtime_of
from lab.operations.saved_files import SavedFiles
from lab.progress import Progress, Update
from lab.runtime import process
from lab.runtime.embedded import EmbeddedRuntime
from lab.runtime.foreground import Foreground, describe
from lab.runtime.launch import Launch, read_record
from lab.runtime.process import Readiness
from lab.runtime.stack import Stack
from lab.workspace import Workspace

Tell = Callable[[str], None]


def run(workspace: Workspace, service: str, *, reload: bool = False, tell: Tell) -> int:
    """Run the service on this process's terminal until it ends, and return its exit code.

    The lab's own instance of it is stopped before and started afterwards, except after `lab down`. With
    `reload`, the service is restarted when its code or the compose file is saved, also after a crash. Only
    the start and the end hold the workspace's lock: meanwhile, other commands stop and start the service
    here, as they would its own instance. `tell` gets sentences for the user. Call it in the main thread.

    Raises:
        UsageError: there is no service of that name, or the compose file cannot be used.
        EnvironmentFault: the lab is not up, its services are containers, or the service cannot be started.
        Refused: the service is in the foreground already.
        Locked: another lab is changing the workspace. If the service has ended, its own instance is stopped.
    """
    runtime = runtime_of(workspace)
    require_services([service], runtime.services)
    stack, current = _stack(workspace), _Launches(workspace, service)
    require_up(runtime)
    progress = _progress(tell)
    with ExitStack() as last:
        saved = last.enter_context(_saves(workspace, current, tell)) if reload else None
        with exclusive_lock(workspace.lock, progress=progress):
            record = read_record(stack.records, service)
            if record is not None and record.in_foreground:
                where = f"lab run {service} (process {record.guard.pid})"
                raise Refused(f"{service} is in the foreground already: {where}.", "End that first.")
            last.push(lambda error, *_: None if error else _report_own(stack, service, tell))
            foreground = last.enter_context(Foreground(current, stack.records, tell, saved))
            last.callback(_start_own, workspace, service, progress)
            process.stop(stack.records, service)
            foreground.start()
        tell(f"{service} runs here, at http://127.0.0.1:{runtime.ports[service]}. Ctrl-C ends it.")
        ended = foreground.wait()
        tell(describe(ended))
    return ended.exit.code if ended.exit else LabError.exit_code


def _stack(workspace: Workspace) -> Stack:
    """Return the local processes of the lab. Raises EnvironmentFault if its services are containers."""
    runtime = runtime_of(workspace)
    if not isinstance(runtime, EmbeddedRuntime):
        raise EnvironmentFault(
            "The services of this lab are containers, and lab run needs local processes.",
            "Use local processes, with a database of their own: lab up --embedded",
        )
    return runtime.stack


def _progress(tell: Tell) -> Progress:
    def progress(update: Update) -> None:
        tell(f"{update.text} …")

    return progress


class _Launches:
    """How the service is started now. It remembers the last start, to tell whether another would differ."""

    def __init__(self, workspace: Workspace, service: str) -> None:
        self._workspace = workspace
        self._service = service
        self._last: Launch | None = None

    def __call__(self) -> Launch:
        self._last = self._read()
        return self._last

    def differs(self) -> bool:
        """Return whether code or settings have changed since the last start. Raises as `runtime_of`."""
        return self._read() != self._last

    def _read(self) -> Launch:
        return _stack(self._workspace).launch(self._service)


@contextmanager
def _saves(workspace: Workspace, current: _Launches, tell: Tell) -> Iterator[Callable[[], bool]]:
    """Watch the code. Yield what returns whether, since it was last asked, a save changed what would run."""
    files = SavedFiles(workspace)
    touched, ended = threading.Event(), threading.Event()

    def watch() -> None:
        try:
            while not ended.is_set():
                if files.next():
                    touched.set()
        except EnvironmentFault as error:
            tell(f"From now on, saved files are not noticed. {error}")

    def saved() -> bool:
        if not touched.is_set():
            return False
        touched.clear()
        try:
            return current.differs()
        except LabError as error:  # the compose file, while it is being edited
            tell(str(error))
            return False

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield saved
    finally:
        ended.set()
        thread.join()


def _start_own(workspace: Workspace, service: str, progress: Progress) -> None:
    """Start the lab's own instance, unless another command has, or `lab down` has deleted its record."""
    if read_record(_stack(workspace).records, service) is None:
        return  # `lab down` may keep the lock for as long as the server takes to stop
    try:
        with exclusive_lock(workspace.lock, progress=progress):
            stack = _stack(workspace)
            record = read_record(stack.records, service)
            if record is not None and not record.in_foreground:
                stack.start([service])
    except Locked as error:
        message = f"The lab's own {service} stays stopped. {error.message}"
        raise Locked(message, "Start it when that has finished: lab up") from error


def _report_own(stack: Stack, service: str, tell: Tell) -> None:
    """Wait for the lab's own instance, and tell whether it runs."""
    if read_record(stack.records, service) is None:
        tell(f"The lab was stopped, and so was {service}.")
        return
    how = {
        Readiness.READY: "runs again.",
        Readiness.EXITED: f"has crashed. Its log: lab logs {service}",
        Readiness.LATE: f"does not answer. Its log: lab logs {service}",
    }
    tell(f"The lab's own {service} {how[stack.wait([service])[service]]}")
