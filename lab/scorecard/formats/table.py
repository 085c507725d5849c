"""Cards as CSV: a line for each, by name, and a column for each bug's verdict. There is no total and no rank.

https://www.rfc-editor.org/rfc/rfc4180, with line feeds alone.
"""

import csv
import io
import re
from collections.abc import Sequence

from lab.scorecard.card import Card
from lab.scorecard.outcomes import in_one_line
from lab.scorecard.states import NONE, NOTHING, UNKNOWN, broke

EARLIER = "The last run failed here: this is the card of an earlier one."

FORMULA = ("=", "+", "-", "@")
"""The first characters by which a spreadsheet knows a formula: https://owasp.org/www-community/attacks/CSV_Injection"""

BEGUN = re.compile(r";[\s\"']*(?=[=+@-])")
"""The same after a semicolon, which separates cells in countries that write numbers with a comma."""


def table(cards: Sequence[Card], earlier: Sequence[Card] = ()) -> str:
    """Return the cards as CSV, by name. For a card that was not graded, it says what is at fault.

    `earlier` are further cards, of submissions that were graded again since, which failed here.
    """
    said = [*((card, card.problem) for card in cards), *((card, EARLIER) for card in earlier)]
    numbers = sorted({bug.number for card, _ in said for bug in card.bugs})
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    bugs = [f"bug {number}" for number in numbers]
    rows.writerow(["submission", *bugs, "regressions", "migration problems", "not graded", "problem"])
    for card, problem in sorted(said, key=lambda one: one[0].submission.name.casefold()):
        verdicts = {bug.number: "given" if bug.given else str(bug.verdict) for bug in card.bugs}
        row = [verdicts.get(number, "") for number in numbers]
        name = card.submission.name
        fault = ("machine" if card.environment else "submission") if card.problem else ""
        rows.writerow([_safe(name), *row, _regressions(card), _problems(card), fault, _safe(problem)])
    return text.getvalue()


def _regressions(card: Card) -> str:
    found = broke(card)
    return "0" if found == NOTHING else found


def _problems(card: Card) -> str:
    review = card.review
    if review is None:
        return ""
    if review.problem:
        return UNKNOWN
    problems = sum(one.counts for one in review.findings)
    return str(problems) if problems or review.migrations else NONE


def _safe(text: str) -> str:
    """Return the text in one line, so that no spreadsheet takes it for a formula."""
    line = BEGUN.sub(r"\g<0>'", in_one_line(text))
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line
