"""Delete one person's data, and leave a tombstone; set the date until which a card is to be kept."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lab.batch.scratch import remove_scratch
from lab.batch.task import PREFIX
from lab.errors import EnvironmentFault, InvalidFile, UsageError
from lab.files import TEMPORARY, delete_temporary_files, sync_folder, write_atomic
from lab.lock import exclusive_lock
from lab.operations.batch import LOCK as BATCH_LOCK
from lab.operations.batch import LOG, TABLE, folders_of, write_overview
from lab.operations.grade_one import WORK
from lab.operations.pages import MADE_OF_A_CARD
from lab.operations.stored_card import EARLIER
from lab.progress import silent
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD, card_folder, read_card_file
from lab.scorecard.event import hash_of
from lab.scorecard.marks import LOCK, MARKS, BrokenHistory, History, forgotten, origin_of, read_history
from lab.scorecard.retention import RETENTION, read_retention, write_retention
from lab.sentences import printable

MADE = {CARD, MARKS, LOCK, RETENTION, WORK, LOG} | MADE_OF_A_CARD
"""What lab makes in the folder of a card."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be deleted in a folder, and the reasons to ask a person before, if there are any.

    `elsewhere` is what else may have the person's data, and lab does not delete.
    """

    folder: Path
    files: tuple[str, ...]
    reasons: tuple[str, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted. `tombstone` is what is left; `events` of marks were emptied."""

    tombstone: Path
    files: tuple[str, ...]
    events: int
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The folders whose cards are to be kept, until when, and the dates that this replaced."""

    folders: tuple[str, ...]
    until: str
    replaced: tuple[str, ...]


def keep_until(folder: Path, until: date) -> Kept:
    """Set the date for the card in the folder, or for all cards in the folder of a batch.

    Raises:
        UsageError: there is no card.
        EnvironmentFault: the date cannot be written.
    """
    folder = card_folder(folder)
    folders = (folder,) if (folder / CARD).is_file() else folders_of(folder)
    replaced = set[str]()
    for one in folders:
        with suppress(InvalidFile):
            if (before := read_retention(one)) is not None and before != until:
                replaced.add(before.isoformat())
        write_retention(one, until)
    return Kept(tuple(one.name for one in folders), until.isoformat(), tuple(sorted(replaced)))


def plan(folder: Path, today: date) -> Plan:
    """Return what `forget` would delete. Raises UsageError: there is no card, and no tombstone."""
    folder = card_folder(folder).resolve()
    card, history = _found(folder)
    names = tuple(sorted(path.name for path in folder.iterdir() if path.name not in (MARKS, LOCK)))
    reasons = []
    try:
        until = read_retention(folder)
        if until is not None and until >= today:
            reasons.append(f"It is to be kept until {until.isoformat()}.")
    except InvalidFile:
        reasons.append(f"It is to be kept until a date, and {RETENTION} cannot be read.")
    if history is None:
        reasons.append(
            "The history of its marks is broken: it is deleted whole, and a new one gets the tombstone."
        )
    unknown = [
        name
        for name in names
        if name not in MADE and not name.startswith(EARLIER) and not TEMPORARY.fullmatch(name)
    ]
    if unknown:
        listed = ", ".join(map(printable, unknown))
        reasons.append(f"lab did not make {listed}, which is deleted too.")
    elsewhere = ["what was handed in, and copies of these cards, such as those of lab regrade"]
    if card is not None and card.handout is not None:
        elsewhere.append(f"the record of the handout {card.handout.id}, which has its name")
    return Plan(folder, names, tuple(reasons), tuple(elsewhere))


def forget(asked: Plan) -> Forgotten:
    """Delete all in the folder but the history of marks; delete raters, marks and notes in that too.

    What is left is the chain of hashes with a tombstone, in a folder with a new name. The person is taken out
    of the files about the whole batch too. If it is interrupted, calling it again completes it.

    Raises:
        Locked: another process changes the marks of this card, or grades into the folder of the batch.
        EnvironmentFault: something cannot be deleted.
    """
    with _batch_locked(asked.folder.parent):
        return _forget(asked)


@contextmanager
def _batch_locked(out: Path) -> Iterator[None]:
    """Lock the folder of a batch, if it is one, and delete what a grading that was killed has left in it."""
    if not _is_batch(out):
        yield
        return
    with exclusive_lock(out / BATCH_LOCK, progress=silent):
        for left in out.glob(f"{PREFIX}*"):
            remove_scratch(left)
        delete_temporary_files(out)
        yield


def _is_batch(out: Path) -> bool:
    """Whether a grading, also one that was killed, has made the folder."""
    return (out / TABLE).exists() or (out / BATCH_LOCK).exists()


def _forget(asked: Plan) -> Forgotten:
    folder = asked.folder
    try:
        with exclusive_lock(folder / LOCK, progress=silent):
            card, history = _found(folder)
            if history is None:
                history = History(hash_of(None) if card is None else origin_of(card))
            events = len(history.events) - history.is_forgotten
            if not history.is_forgotten:
                write_atomic(folder / MARKS, forgotten(history, round(time.time(), 3)))
            _delete_all(folder)
        last = read_history(folder / MARKS, None).last
        if _is_batch(folder.parent):
            write_overview(folder.parent)
        tombstone = folder.with_name(f"forgotten-{last[:12]}")
        (folder / LOCK).unlink(missing_ok=True)
        if tombstone != folder:
            folder.rename(tombstone)
            sync_folder(tombstone.parent)
    except OSError as error:
        raise EnvironmentFault(f"{folder} cannot be deleted: {error.strerror}.", "Try again.") from error
    return Forgotten(tombstone, asked.files, events, asked.elsewhere)


def _found(folder: Path) -> tuple[Card | None, History | None]:
    """Return card and history; None if the one cannot be read, or the other is broken. Raises UsageError."""
    card = None
    if (folder / CARD).is_file():
        with suppress(InvalidFile):
            card = read_card_file(folder)
    try:
        history = read_history(folder / MARKS, None if card is None else origin_of(card))
    except BrokenHistory:
        history = None
    if not (folder / CARD).is_file() and (history is None or not history.is_forgotten):
        raise UsageError(f"There is no card in {folder}.", "Name the folder of one submission.")
    return card, history


def _delete_all(folder: Path) -> None:
    if (folder / WORK).is_dir():
        remove_scratch(folder / WORK)
    for path in folder.iterdir():
        if path.name in (MARKS, LOCK):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    sync_folder(folder)
