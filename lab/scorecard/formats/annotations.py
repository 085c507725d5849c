"""Commands of GitHub Actions, which show each outcome as a note on the page of the run.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
A step shows ten of each kind, so the worst come first and the others are left out.
"""

from itertools import groupby

from lab.scorecard.card import Card
from lab.scorecard.outcomes import Outcome, State, in_one_line, outcomes
from lab.scorecard.states import NONE

MOST = 10
KINDS = {
    State.UNUSABLE: "error",
    State.BAD: "error",
    State.MASKED: "warning",
    State.SKIPPED: "notice",
    State.GIVEN: "notice",
}
"""The command for each state, the worst first; the others have none."""

MACHINE = "warning"
"""The command for a card that the machine could not make."""

ORDER = list(KINDS)
ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**ESCAPES, ":": "%3A", ",": "%2C"}


def annotations(card: Card) -> str:
    """Return the commands, a line each, to be printed in a step of GitHub Actions; empty if all is good."""
    if card.problem and card.environment:
        return "".join(f"{_command(one, card, MACHINE)}\n" for one in outcomes(card))
    found = sorted((one for one in outcomes(card) if one.state in KINDS and one.word != NONE), key=_badness)
    chosen = [list(group)[:MOST] for _, group in groupby(found, key=lambda one: KINDS[one.state])]
    return "".join(f"{_command(one, card, KINDS[one.state])}\n" for group in chosen for one in group)


def _badness(one: Outcome) -> int:
    return ORDER.index(one.state)


def _command(one: Outcome, card: Card, kind: str) -> str:
    title = f"{in_one_line(card.submission.name, 100)}: {one.name}"
    properties = {"title": title} | ({"file": one.file, "line": str(one.line or 1)} if one.file else {})
    listed = ",".join(f"{name}={_escaped(value, IN_PROPERTIES)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_escaped(f'{one.word}: {one.why}', ESCAPES)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(sign, sign) for sign in text)
