"""Write the pages of a batch: one for each card, the candidates' copies, and one of all."""

from collections.abc import Sequence
from pathlib import Path

from lab.files import write_atomic
from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card import Card
from lab.scorecard.for_candidate import candidate_page
from lab.scorecard.page import card_page
from lab.scorecard.rubric import Rubric
from lab.scorecard.rubric_view import rubric_view

PAGE = "card.html"
CANDIDATES_PAGE = "candidate.html"
INDEX = "index.html"


def write_pages(
    cards: Sequence[Card],
    folders: Sequence[Path],
    out: Path,
    rubric: Rubric | None,
    *,
    contact: str | None = None,
) -> None:
    """Write the page of each card to its folder, and that of all to `out`, below which the folders are.

    A card of this rubric has its lines, without marks: a second rater reads the page before they mark. With
    a `contact`, which may be empty, the candidates' copies are written too.

    Raises:
        EnvironmentFault: a file cannot be written.
    """
    for card, folder in zip(cards, folders, strict=True):
        lines = rubric_view(rubric, card) if rubric and card.rubric == rubric.digest else None
        write_atomic(folder / PAGE, card_page(card, lines).encode())
        if contact is not None:
            write_atomic(folder / CANDIDATES_PAGE, candidate_page(card, contact).encode())
    write_index(cards, folders, out)


def write_index(cards: Sequence[Card], folders: Sequence[Path], out: Path) -> None:
    """Write the page of all cards to `out`, below which their folders are. Raises EnvironmentFault."""
    entries = [
        Entry(card, folder.relative_to(out).as_posix()) for card, folder in zip(cards, folders, strict=True)
    ]
    write_atomic(out / INDEX, batch_page(entries).encode())
