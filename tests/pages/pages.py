"""The pages that are looked at: of cards as a grading makes them, of hostile ones, and of a large batch."""

from collections.abc import Callable

from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card import Card
from lab.scorecard.for_candidate import candidate_page
from lab.scorecard.page import card_page
from tests.lab.scorecard.page_cards import BROKEN, CARD, NOT_HERE, RUBRIC, hostile, many

LARGE = 500


LARGE_BATCH = "large-batch"
PAGES: dict[str, Callable[[], str]] = {
    "card": lambda: card_page(CARD),
    "marked": lambda: card_page(CARD, RUBRIC),
    "broken": lambda: card_page(BROKEN),
    "not-here": lambda: card_page(NOT_HERE),
    "hostile": lambda: card_page(hostile(1000), RUBRIC),
    "candidate": lambda: candidate_page(CARD),
    "hostile-candidate": lambda: candidate_page(hostile(1000)),
    "batch": lambda: _batch([*many(60), hostile()]),
    LARGE_BATCH: lambda: _batch(many(LARGE)),
}


def _batch(cards: list[Card]) -> str:
    return batch_page([Entry(card, f"folder-{number}") for number, card in enumerate(cards)])
