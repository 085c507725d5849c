"""The review of the migrations as SARIF 2.1.0: see `lab.review.sarif`. Verdicts are not in it."""

import json

from lab.review.sarif import sarif
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.outcomes import shown


def review_sarif(card: Card) -> str:
    """Return the findings of the card's review. If there was no review, the log says so: it is not clean."""
    review = card.review or ReviewCard(problem="The migrations were not reviewed.")
    problem = shown(card.problem or review.problem)
    return f"{json.dumps(sarif(review.findings, problem), indent=1)}\n"
