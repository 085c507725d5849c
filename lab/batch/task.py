"""What a worker does: bundle in, result out, by `lab grade --one` in a process of its own."""

from collections.abc import Callable
from pathlib import Path

from lab import __version__
from lab.batch.child import run_child
from lab.batch.scratch import make_scratch, remove_scratch
from lab.errors import EnvironmentFault
from lab.shell import signal_name

PREFIX = ".grading-"
"""How the folder of one grading begins."""

GRACE = 60.0
"""Seconds after its deadline in which `lab grade --one` has to clean up and write its result."""

LONGEST_LOG = 64 * 2**10


class NotGraded(EnvironmentFault):
    """The machine could not grade the submission. `log` is what lab wrote, shortened."""

    def __init__(self, problem: str, log: str = "") -> None:
        super().__init__(problem)
        self.args = (problem, log)  # so that it can be sent from one process to another
        self.log = log


def run_bundle(
    bundle: bytes, version: str, seconds: float, *, folder: Path | None, abandoned: Callable[[], bool]
) -> bytes:
    """Grade the bundle within `seconds`, in a new folder below `folder`, and return the result.

    `version` is the caller's version of lab.

    Raises:
        NotGraded: this is another version of lab, or the process ended without a result.
        Interrupted: `abandoned` returned True. Nothing is left running.
    """
    if version != __version__:
        raise NotGraded(f"The worker has lab {__version__}, and this is lab {version}.")
    scratch = make_scratch(PREFIX, folder)
    try:
        source, result, log = scratch / "bundle.zip", scratch / "result.zip", scratch / "log"
        source.write_bytes(bundle)
        words = ["lab", "grade", "--one", str(source), "--out", str(result), "--timeout", f"{seconds:g}"]
        words += ["--work", str(scratch), "--tied"]
        code = run_child(words, log, seconds=seconds + GRACE, abandoned=abandoned)
        if result.exists():
            return result.read_bytes()
        raise NotGraded(reason(log, code, seconds), tail(log))
    finally:
        remove_scratch(scratch)


def reason(log: Path, code: int | None, seconds: float) -> str:
    """Return why a process of lab failed: the last line of its log, or how it ended (None: it was late).

    A process that was killed has not told why: the last line is then what it was doing.
    """
    if code is None:
        return f"It was not graded within {seconds:g} s."
    if code < 0:
        return f"Its process was ended by {signal_name(-code)}."
    lines = tail(log).strip().splitlines()
    return lines[-1].removeprefix("lab: ") if lines else f"It ended with exit code {code}."


def tail(log: Path) -> str:
    """Return the end of the log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LONGEST_LOG))
        return file.read().decode(errors="replace")
