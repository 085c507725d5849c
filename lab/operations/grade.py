"""Grade submissions: each becomes a bundle, which a worker grades, and every one gets a card."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock

from lab.batch.dask_cluster import dask_workers
from lab.batch.sender import Sender
from lab.batch.task import NotGraded
from lab.batch.workers import Workers, local_workers
from lab.errors import EnvironmentFault, UsageError
from lab.handouts import Handout, named
from lab.json_files import from_json
from lab.library import Library
from lab.lock import exclusive_lock
from lab.operations.batch import LOCK, write_overview
from lab.operations.card import NO_FORMATS, Rendering, write_formats
from lab.operations.card_folders import card_folders
from lab.operations.grade_one import require_walls
from lab.operations.graded_submission import Batch, tidy
from lab.operations.pages import write_page
from lab.operations.stored_card import read_card
from lab.progress import Progress, Update, silent
from lab.scorecard.card import Card
from lab.scorecard.rubric import read_rubric
from lab.sentences import inert

TIMEOUT = 900.0
"""Seconds that one submission may take, of which most are for a machine that is slow."""

BUNDLE = ".bundle.zip"
"""After the submission's name: the name of its bundle."""


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


@dataclass(frozen=True, slots=True)
class Packed:
    """The bundles that were made, and the cards of the submissions that have theirs without one."""

    bundles: tuple[Path, ...]
    cards: tuple[Card, ...]


def read_handout(text: str, library: Library) -> Handout:
    """Return the record that is meant: by its file, the id of a handout, or a folder with one.

    Raises UsageError: there is no such record, or it cannot be read.
    """
    file = Path(text)
    if not file.is_file():
        return named(text, library)
    try:
        return from_json(file.read_bytes(), Handout)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file} is no record of a handout: {error}.", "To see all handouts: lab handout --list"
        ) from error


def grade(
    sources: Sequence[Path],
    out: Path,
    library: Library,
    *,
    handout: str = "",
    jobs: int = 1,
    executor: str = "",
    results: Path | None = None,
    timeout: float = TIMEOUT,
    formats: Rendering = NO_FORMATS,
    contact: str | None = None,
    unwalled: bool = False,
    again: bool = False,
    progress: Progress = silent,
) -> Graded:
    """Grade the submissions; write a folder for each to `out`, and a table and a page of all that are there.

    They are graded here, `jobs` at the same time, or by the workers at `executor`, such as
    dask://127.0.0.1:8786. A submission that was graded before, of the same files by the same library, keeps
    its card, unless `again`; one whose result is in the folder `results` gets that. Each card is written as a
    page, and in the `formats`. With a `contact`, which may be empty, each candidate gets a copy: the contact
    is whom to ask for a correction. A machine without walls is used only if `unwalled`. After ^C nothing runs
    on, and the cards that were written stay.

    Raises:
        UsageError: there is no such file, two have the same name, the record of the handout is none, or
            `executor` is no address that may be used.
        InvalidFile: the rubric of the library cannot be used.
        EnvironmentFault: `out` cannot be written, the workers cannot be reached, or there are no walls here.
        Locked: another lab grades into `out`.
    """
    started = time.monotonic()
    folders = card_folders(sources, out)
    stage = Update("Grading", 0, len(sources))
    if not executor and not unwalled:
        require_walls()
    rubric = read_rubric(library.rubric)
    record = read_handout(handout, library) if handout else None
    batch = Batch(library, record, results, timeout, Event(), unwalled, again)
    lock = Lock()

    def one(source: Path, folder: Path, sender: Sender) -> Card:
        nonlocal stage
        began, before = time.monotonic(), read_card(folder)
        try:
            card = batch.card(source, folder, sender.send)
            if _is_in(folder, card):
                write_formats(card, folder, formats)
                write_page(card, folder, rubric, contact)
        except OSError as error:
            raise EnvironmentFault(f"{folder} cannot be written: {error.strerror}.") from error
        said = "Not graded" if card.environment else "Kept" if card == before else "Graded"
        with lock:
            stage = replace(stage, done=stage.done + 1)
            progress(Update(f"{said}: {inert(folder.name)}", seconds=time.monotonic() - began))
            progress(stage)
        return card

    with exclusive_lock(out / LOCK, progress=progress), _workers(executor, jobs, out, batch.stop) as workers:
        progress(stage)
        sender = Sender(workers, timeout, batch.stop)
        # Each thread has one bundle in memory: as many as are graded, and as many that are packed meanwhile.
        with ThreadPoolExecutor(2 * workers.width) as pool:
            try:
                futures = [pool.submit(one, *pair, sender) for pair in zip(sources, folders, strict=True)]
                cards = tuple(future.result() for future in futures)
            except BaseException:
                sender.cancel()
                pool.shutdown(cancel_futures=True)
                raise
            finally:
                write_overview(out)
    return Graded(cards, folders, out, round(time.monotonic() - started, 1))


def pack_all(
    sources: Sequence[Path],
    out: Path,
    bundles: Path,
    library: Library,
    *,
    handout: str = "",
    timeout: float = TIMEOUT,
    unwalled: bool = False,
    again: bool = False,
    progress: Progress = silent,
) -> Packed:
    """Write a bundle of each submission to the folder `bundles`, and grade none. Raises as `grade`.

    One that cannot be graded gets its card and its page in `out`, and one that has its card there already
    gets no bundle. The table and the page of all cards are written too.
    """
    folders = card_folders(sources, out)
    rubric = read_rubric(library.rubric)
    record = read_handout(handout, library) if handout else None
    batch = Batch(library, record, None, timeout, Event(), unwalled, again)
    made, cards = [], []
    with exclusive_lock(out / LOCK, progress=progress):
        try:
            for number, (source, folder) in enumerate(zip(sources, folders, strict=True), start=1):
                bundle = bundles / f"{folder.name}{BUNDLE}"
                card = _packed(batch, source, folder, bundle)
                if card is None:
                    made.append(bundle)
                else:
                    cards.append(card)
                    if _is_in(folder, card):
                        write_page(card, folder, rubric)
                progress(Update(f"Packed {inert(folder.name)}", number, len(sources)))
        finally:
            write_overview(out)
    return Packed(tuple(made), tuple(cards))


def _packed(batch: Batch, source: Path, folder: Path, bundle: Path) -> Card | None:
    """Write the bundle of the submission, or return the card that it has without one."""
    bundle.unlink(missing_ok=True)
    try:
        return batch.pack(source, folder, bundle)
    except NotGraded as error:
        return batch.not_graded(source, folder, error)
    finally:
        tidy(folder)


def _is_in(folder: Path, card: Card) -> bool:
    """Whether the card in the folder is this one, and not that of an earlier run."""
    written = read_card(folder)
    return written is not None and written.at == card.at


@contextmanager
def _workers(executor: str, jobs: int, out: Path, stop: Event) -> Iterator[Workers]:
    if executor:
        with dask_workers(executor, jobs) as workers:
            yield workers
    else:
        with local_workers(jobs, out.resolve(), stop.is_set) as workers:
            yield workers
