"""Write the pages of cards: one for each, and the candidates' copies."""

from pathlib import Path

from lab.files import write_atomic
from lab.scorecard.card import Card
from lab.scorecard.for_candidate import candidate_page
from lab.scorecard.formats.registry import FORMATS
from lab.scorecard.page import card_page
from lab.scorecard.rubric import Rubric
from lab.scorecard.rubric_view import rubric_view

PAGE = "card.html"
CANDIDATES_PAGE = "candidate.html"
MADE_OF_A_CARD = frozenset({PAGE, CANDIDATES_PAGE, *(one.file for one in FORMATS.values())})
"""The files beside a card that are made of it."""


def write_page(card: Card, folder: Path, rubric: Rubric | None, contact: str | None = None) -> None:
    """Write the page of the card to its folder.

    A card of this rubric has its lines, without marks: a second rater reads the page before they mark. With
    a `contact`, which may be empty, the candidate's copy is written too.

    Raises:
        EnvironmentFault: a file cannot be written.
    """
    lines = rubric_view(rubric, card) if rubric and card.rubric == rubric.digest else None
    write_atomic(folder / PAGE, card_page(card, lines).encode())
    if contact is not None:
        write_atomic(folder / CANDIDATES_PAGE, candidate_page(card, contact).encode())
