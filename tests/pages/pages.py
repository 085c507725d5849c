"""The pages that are looked at: of cards as a grading makes them, of hostile ones, and of a large batch."""

from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.for_candidate import candidate_page
from lab.scorecard.page import card_page
from tests.lab.scorecard.page_cards import BEFORE, BROKEN, CARD, NOT_HERE, RUBRIC, hostile, many

LARGE = 500


def pages() -> dict[str, str]:
    """Return each page by its name."""
    return {
        "card": card_page(CARD),
        "marked": card_page(CARD, RUBRIC, BEFORE),
        "broken": card_page(BROKEN),
        "not-here": card_page(NOT_HERE),
        "hostile": card_page(hostile(1000), RUBRIC),
        "candidate": candidate_page(CARD),
        "hostile-candidate": candidate_page(hostile(1000)),
        "batch": batch_page([Entry(card, card.submission.name) for card in (*many(60), hostile())]),
        "large-batch": batch_page([Entry(card, card.submission.name) for card in many(LARGE)]),
    }
