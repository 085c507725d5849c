"""Write the pages of a batch: one for each card, the candidates' copies, and one of all."""

from collections.abc import Sequence
from pathlib import Path

from lab.files import write_atomic
from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card import Card
from lab.scorecard.for_candidate import candidate_page
from lab.scorecard.page import card_page
from lab.scorecard.rubric_view import RubricView

PAGE = "card.html"
CANDIDATES_PAGE = "candidate.html"
INDEX = "index.html"


def write_pages(
    cards: Sequence[Card], folders: Sequence[Path], out: Path, *, contact: str | None = None
) -> Path:
    """Write the page of each card to its folder, and that of all to `out`, below which the folders are.

    Returns the page of all. With a `contact`, which may be empty, the candidates' copies are written too.

    Raises:
        EnvironmentFault: a file cannot be written.
    """
    for card, folder in zip(cards, folders, strict=True):
        write_page(card, folder)
        if contact is not None:
            write_atomic(folder / CANDIDATES_PAGE, candidate_page(card, contact).encode())
    entries = [
        Entry(card, folder.relative_to(out).as_posix()) for card, folder in zip(cards, folders, strict=True)
    ]
    write_atomic(out / INDEX, batch_page(entries).encode())
    return out / INDEX


def write_page(card: Card, folder: Path, rubric: RubricView | None = None) -> Path:
    """Write the page of the card, with its rubric if there is one, and return it. Raises EnvironmentFault."""
    write_atomic(folder / PAGE, card_page(card, rubric).encode())
    return folder / PAGE
