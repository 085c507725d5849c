"""Grade submissions: each in a process of its own, within a deadline, and every one gets a card."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock

from lab import __version__, sandbox
from lab.errors import LabError, UsageError
from lab.files import write_atomic
from lab.grading.submission import name_of
from lab.handouts import Handout
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.grade_one import CARD, clean, read_card
from lab.operations.pages import write_pages
from lab.progress import Progress, Update, silent
from lab.scorecard.card import Card, SubmissionCard, machine

TIMEOUT = 900.0
"""Seconds that one submission may take, of which most are for a machine that is slow."""

POLL = 0.1
TABLE = "cards.csv"
BY_ITSELF = "--one"
"""The option by which `lab grade` grades one submission in its own process."""


class Interrupted(LabError):
    """The grading of one submission was ended, because all were: it has no card."""


@dataclass(frozen=True, slots=True)
class Graded:
    """The cards, in the order of the submissions, and the folder that each is in."""

    cards: tuple[Card, ...]
    folders: tuple[Path, ...]
    out: Path
    seconds: float

    @property
    def not_graded(self) -> tuple[Card, ...]:
        """Those that the machine could not grade: that says nothing of the candidate."""
        return tuple(card for card in self.cards if card.environment)


def read_handout(file: Path) -> Handout:
    """Return the record of a handout in this file. Raises UsageError: it cannot be read."""
    try:
        return from_json(file.read_bytes(), Handout)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file} is no record of a handout: {error}.", "lab handout --list names them."
        ) from error


def grade(
    sources: Sequence[Path],
    out: Path,
    library: Library,
    *,
    handout: Path | None = None,
    jobs: int = 1,
    timeout: float = TIMEOUT,
    contact: str | None = None,
    progress: Progress = silent,
) -> Graded:
    """Grade the submissions, `jobs` at the same time; write a folder for each to `out`, and a table of all.

    Each gets a page, all get one together. With a `contact`, which may be empty, each candidate gets a copy
    too: the contact is whom to ask for a correction. A submission that was graded before, of the same files
    by the same library, keeps its card. After ^C, nothing runs on, and the cards that were written stay.

    Raises:
        UsageError: there is no such file, two have the same name, or the record of the handout is none.
        EnvironmentFault: `out` cannot be written.
    """
    started = time.monotonic()
    folders = _folders(sources, out)
    if handout is not None:
        read_handout(handout)
    done, lock, stop = 0, Lock(), Event()

    def one(source: Path, folder: Path) -> Card:
        nonlocal done
        card = _in_its_own_process(source, folder, library, handout, timeout, stop)
        with lock:
            done += 1
            progress(Update(f"Graded {folder.name}", done, len(sources)))
        return card

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, source, folder) for source, folder in zip(sources, folders, strict=True)]
        try:
            cards = tuple(future.result() for future in futures)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    write_atomic(out / TABLE, _table(cards).encode())
    write_pages(cards, folders, out, contact=contact)
    return Graded(cards, folders, out, round(time.monotonic() - started, 1))


def _folders(sources: Sequence[Path], out: Path) -> tuple[Path, ...]:
    names = [name_of(source) for source in sources]
    for source in sources:
        if not source.exists():
            raise UsageError(f"There is no {source}.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"Two submissions are called {twice[0]}.", "Give one of the files another name.")
    return tuple(out / name for name in names)


def _in_its_own_process(
    source: Path, folder: Path, library: Library, handout: Path | None, timeout: float, stop: Event
) -> Card:
    """Grade the submission in a process, and return its card. One that is late, or dies, gets a card too."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-P", "-m", "lab", "--library", str(library.root), "grade", BY_ITSELF]
    words += [str(source), "--out", str(folder)]
    words += ["--handout", str(handout)] if handout else []
    log = folder / "grade.log"
    if (kept := read_card(folder)) is not None and kept.environment:
        (folder / CARD).unlink()
    with log.open("wb") as output:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    try:
        ended = _wait(child, timeout, stop)
    finally:
        _end(child, folder)
    if stop.is_set():
        raise Interrupted("The grading was interrupted.")
    if ended and (card := read_card(folder)) is not None:
        if child.returncode == 0:
            log.unlink(missing_ok=True)
            return card
        if card.environment:  # else it is that of an earlier submission
            return card
    text = log.read_text(errors="replace").strip().splitlines()
    reason = text[-1].removeprefix("lab: ") if text else f"it ended with exit code {child.returncode}"
    problem = reason if ended else f"It was not graded within {timeout:g} s."
    return _not_graded(source, folder, library, problem)


def _wait(child: "subprocess.Popen[bytes]", timeout: float, stop: Event) -> bool:
    """Wait for the process, up to the timeout or until `stop`. Return whether it has ended."""
    deadline = time.monotonic() + timeout
    while child.poll() is None:
        if time.monotonic() > deadline or stop.wait(POLL):
            return False
    return True


def _end(child: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Interrupt the process, so that it cleans up; kill it if it does not; remove what it left."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if child.poll() is not None:
            break
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
    clean(folder)


def _not_graded(source: Path, folder: Path, library: Library, problem: str) -> Card:
    """Return and write the card of a submission that this machine could not grade."""
    level = str(sandbox.found().level)
    name = SubmissionCard(name_of(source), "")
    card = Card(name, __version__, library.digest(), time.time(), 0.0, machine(level))
    card = replace(card, problem=problem, environment=True)
    write_atomic(folder / CARD, f"{to_json(card)}\n".encode())
    return card


def _table(cards: Sequence[Card]) -> str:
    """Return the cards as CSV, by name: a line each, a column for each bug's verdict."""
    numbers = sorted({bug.number for card in cards for bug in card.bugs})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        [
            "submission",
            *(f"bug {number}" for number in numbers),
            "regressions",
            "migration problems",
            "problem",
        ]
    )
    for card in sorted(cards, key=lambda one: one.submission.name):
        verdicts = {bug.number: "given" if bug.given else str(bug.verdict) for bug in card.bugs}
        review = card.review
        problems = "" if review is None else sum(one.counts for one in review.findings)
        regressions = "" if card.beside is None else len(card.beside.regressions)
        row = [verdicts.get(number, "") for number in numbers]
        table.writerow([_safe(card.submission.name), *row, regressions, problems, _safe(card.problem)])
    return text.getvalue()


def _safe(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
