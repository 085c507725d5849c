"""Grade one bundle in this process, and write its result: what `lab grade --one` does, on any machine."""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from lab.batch.bundle import Manifest, read_manifest, unpack_bundle
from lab.batch.result import NoResult, card_of, to_result
from lab.batch.scratch import make_scratch, remove_scratch
from lab.errors import EnvironmentFault, LabError, UsageError
from lab.files import write_atomic
from lab.operations.grade_one import Asked, Digests, card_without_figures, grade_one
from lab.progress import Progress, Update, silent
from lab.scorecard.card import Card, SubmissionCard

END_TIMEOUT = 45.0
"""Seconds that this process has to clean up once it was told to end."""

POLL = 0.1


def grade_bundle(
    bundle: Path,
    result: Path,
    *,
    timeout: float,
    work: Path | None = None,
    tied: bool = False,
    again: bool = False,
    progress: Progress = silent,
) -> Card:
    """Grade the bundle within `timeout` seconds, write its result, and return the card.

    A result of the same bundle that is there already is kept, unless its machine could not grade it, or
    `again`. The work is done in a new folder below `work`, or the system's folder for temporary files. If
    `tied`, the end of the standard input ends the grading, as ^C does. Call this from the main thread, with
    SIGTERM handled as ^C is.

    Raises:
        UsageError: `result` is a folder.
        NoBundle: the file is no bundle.
        EnvironmentFault: the folder, or the result, cannot be written.
    """
    if result.is_dir():
        raise UsageError(f"{result} is a folder.", "Name a file for the result: -o RESULT")
    manifest = read_manifest(bundle)
    if not again and (kept := _kept(result, manifest)) is not None:
        return kept
    folder = make_scratch("lab-grade-", work)
    card, ending = None, _Ending()
    try:
        with _ended(ending, timeout, tied):
            card = _graded(bundle, manifest, folder, progress)
    except KeyboardInterrupt:
        if not ending.late:
            raise
    finally:
        remove_scratch(folder)
    if card is None:
        card = _not_graded(manifest, f"It was not graded within {timeout:g} s.")
    write_atomic(result, to_result(manifest.key, card))
    return card


def _kept(result: Path, manifest: Manifest) -> Card | None:
    with suppress(OSError, NoResult):
        card = card_of(result.read_bytes(), manifest)
        return None if card.environment else card
    return None


def _graded(bundle: Path, manifest: Manifest, folder: Path, progress: Progress) -> Card:
    try:
        progress(Update("Unpacking"))
        library, submission = unpack_bundle(bundle, manifest, folder)
        return grade_one(submission, Asked(library, manifest.handout, manifest.unwalled), progress)
    except LabError as error:  # what is wrong with the submission is in its card: this is the machine's
        return _not_graded(manifest, str(error))


def _not_graded(manifest: Manifest, problem: str) -> Card:
    name = SubmissionCard(manifest.name, manifest.digest, manifest.skipped)
    return card_without_figures(name, Digests(manifest.library, manifest.rubric), problem, environment=True)


@dataclass(slots=True)
class _Ending:
    """Whether the grading was ended because it took too long."""

    late: bool = False


@contextmanager
def _ended(ending: _Ending, seconds: float, tied: bool) -> Iterator[None]:
    """Interrupt the block after `seconds`, or when the input ends; kill the process if that fails."""
    done = Event()
    watcher = Thread(target=_watch, args=(ending, time.monotonic() + seconds, tied, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()  # an interrupt that it sends arrives here, and not later


def _watch(ending: _Ending, deadline: float, tied: bool, done: Event) -> None:
    while not done.is_set():
        ending.late = time.monotonic() > deadline
        if ending.late or (tied and _input_ended()):
            os.kill(os.getpid(), signal.SIGTERM)
            if not done.wait(END_TIMEOUT):
                os._exit(EnvironmentFault.exit_code)  # walls and boxes die with this process
            return
        if not tied:
            done.wait(POLL)


def _input_ended() -> bool:
    """Return whether the standard input has ended, after at most POLL seconds."""
    stream = sys.stdin.fileno()
    readable, _, _ = select.select([stream], [], [], POLL)
    return bool(readable) and not os.read(stream, 1)
