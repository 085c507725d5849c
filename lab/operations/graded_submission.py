"""Grade one submission of a batch: pack it, have it measured, and put its card into its folder."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import BoundedSemaphore, Event

from lab import handouts
from lab.batch.bundle import Manifest, NoBundle, read_manifest
from lab.batch.child import run_child
from lab.batch.result import NoResult, card_of
from lab.batch.scratch import remove_scratch
from lab.batch.task import NotGraded, reason, tail
from lab.files import write_atomic
from lab.grading.submission import name_of
from lab.handouts import Handout
from lab.library import Library
from lab.operations.batch import LOG
from lab.operations.grade_one import WORK, Digests, card_without_figures
from lab.operations.pack import ToPack
from lab.operations.stored_card import delete_card, put_marks_back, read_card, write_card
from lab.scorecard.card import Card, SubmissionCard

NO_HANDOUT = (
    "It names no handout, so all bugs were judged, and no help that was given is shown. Handouts were made "
    "from this library: if it is the work of one, name that with --handout."
)

RESULT = ".result.zip"
"""After the submission's name: the name of its result, in a folder of them."""

_PACKING = BoundedSemaphore(os.cpu_count() or 1)
"""To pack is work for this machine, however many workers there are."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is the same for all submissions. Once `stop` is set, what runs is ended."""

    library: Library
    handout: Handout | None
    results: Path | None
    timeout: float
    stop: Event
    unwalled: bool
    again: bool

    def card(self, source: Path, folder: Path, send: Callable[[bytes], bytes]) -> Card:
        """Return the card of the submission; it is in the folder then. Raises Interrupted, ConnectionLost."""
        bundle = folder / WORK / "bundle.zip"
        try:
            if (card := self.pack(source, folder, bundle)) is not None:
                return card
            manifest = read_manifest(bundle)
            card = self._result(folder.name, manifest) or card_of(send(bundle.read_bytes()), manifest)
            if card.bugs and manifest.handout is None and any(handouts.every(self.library)):
                card = replace(card, notes=(*card.notes, NO_HANDOUT))
            write_card(folder, card)
            if read_card(folder) is None:
                raise NotGraded("Its card is written, and cannot be read again.")
        except (NotGraded, NoResult, NoBundle) as error:
            card = self.not_graded(source, folder, error)
        finally:
            tidy(folder)
        return card

    def pack(self, source: Path, folder: Path, bundle: Path) -> Card | None:
        """Write the bundle and return None, or return the card that the submission has without one.

        Raises:
            NotGraded: this machine cannot pack it.
            Interrupted: the batch was stopped.
            EnvironmentFault, Locked: marks that were set aside cannot be given back, as `write_card` says.
        """
        log = folder / WORK / LOG
        remove_scratch(folder / WORK)
        log.parent.mkdir(parents=True, exist_ok=True)
        (folder / LOG).unlink(missing_ok=True)
        if (before := read_card(folder)) is not None and before.environment:
            delete_card(folder)
        wanted = ToPack(
            source.absolute(),
            folder,
            self.library.root,
            bundle.absolute(),
            self.handout,
            self.unwalled,
            self.again,
        )
        with _PACKING:
            code = run_child(wanted.words, log, seconds=self.timeout, abandoned=self.stop.is_set)
        if code == 0 and bundle.exists():
            return None
        if code == 0 and (card := read_card(folder)) is not None:
            put_marks_back(folder, card)
            return card
        raise NotGraded(reason(log, code, self.timeout), tail(log))

    def not_graded(self, source: Path, folder: Path, error: NotGraded | NoResult | NoBundle) -> Card:
        """Return the card of a submission that no machine could grade. An earlier card stays."""
        write_atomic(folder / LOG, getattr(error, "log", "").encode())
        kept = read_card(folder) is not None
        problem = f"{error} The card of an earlier run stays." if kept else str(error)
        name = SubmissionCard(name_of(source), "")
        card = card_without_figures(name, Digests.of(self.library), problem, environment=True)
        if not kept:
            write_card(folder, card)
        return card

    def _result(self, name: str, manifest: Manifest) -> Card | None:
        """Return the card in the folder of results, if it is of this bundle and says something of it."""
        if self.results is None:
            return None
        with suppress(OSError, NoResult):
            card = card_of((self.results / f"{name}{RESULT}").read_bytes(), manifest)
            return None if card.environment else card
        return None


def tidy(folder: Path) -> None:
    """Delete the scratch of a submission, and its folder if there is no card in it."""
    remove_scratch(folder / WORK)
    with suppress(OSError):
        folder.rmdir()
