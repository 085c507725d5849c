"""A summary in Markdown, for the page of a job of GitHub Actions.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
GitHub refuses a summary over 1,024 KiB whole, so this one is cut before that.
"""

import re
from collections.abc import Iterable, Iterator

from lab.scorecard.card import Card
from lab.scorecard.outcomes import Kind, Outcome, State, in_one_line, outcomes
from lab.sentences import printable

MOST_BYTES = 900 * 2**10
CUT = "\n**This summary was cut. All of it is in `card.json`.**\n"
SIGNS = {
    State.GOOD: "✅",
    State.MASKED: "🟠",
    State.BAD: "❌",
    State.SKIPPED: "⚪",
    State.GIVEN: "⚪",
    State.UNKNOWN: "❔",
    State.UNUSABLE: "❌",
}
HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
MARKUP = re.compile(r"[\\`*_\[\]|~$#]|(?<=:)//|(?<=www)\.|@", re.IGNORECASE)
"""What Markdown of GitHub may take for markup, a link or a name within a line."""


def summary(card: Card) -> str:
    """Return the card as Markdown: at most 900 KiB, cut between two lines, with a pointer to the card."""
    lines: list[str] = []
    size = len(CUT.encode())
    for line in _lines(card):
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            return "\n".join([*lines, CUT])
        lines.append(line)
    return "\n".join([*lines, ""])


def _lines(card: Card) -> Iterator[str]:
    found = outcomes(card)
    yield f"## {escaped(in_one_line(card.submission.name, 300)) or 'Submission'}"
    yield ""
    if card.problem:
        blame = " The grading machine failed: that says nothing about the work." if card.environment else ""
        yield f"{SIGNS[found[0].state]} **Not graded.** {escaped(found[0].why)}{blame}"
        return
    bugs = [one for one in found if one.kind is Kind.BUG]
    words = dict.fromkeys(one.word.split()[0] for one in bugs)
    groups = [(word, [str(one.number) for one in bugs if one.word.split()[0] == word]) for word in words]
    yield " ".join(f"{word.capitalize()}: {', '.join(numbers)}." for word, numbers in groups)
    yield ""
    yield from _table(("", "Bug", "Verdict", "What was seen"), bugs)
    for kind, heading in ((Kind.BESIDE, "Beside the bugs"), (Kind.MIGRATION, "Migrations")):
        if mine := [one for one in found if one.kind is kind]:
            yield ""
            yield f"### {heading}"
            yield ""
            yield from _table(("", "Claim", "Result", "What was seen"), mine)
    yield from _advice(card)
    if card.notes:
        yield ""
        yield "### Notes for a person"
        yield ""
        yield from (f"- {escaped(in_one_line(note))}" for note in card.notes)
    yield ""
    version = escaped(in_one_line(card.lab, 300))
    yield f"lab {version}, judgement `{card.judgement[:12]}`. No total: a person judges."


def _advice(card: Card) -> Iterator[str]:
    findings = card.review.findings if card.review else ()
    others = [one for one in findings if not one.counts]
    if others:
        yield ""
        yield "### What a reviewer would say"
        yield ""
        for one in others:
            word = f"{one.severity}, waived" if one.waived is not None else str(one.severity)
            place = f" {escaped(in_one_line(one.place, 300))}:" if one.place else ""
            yield f"- {escaped(one.id)} ({word}):{place} {escaped(in_one_line(one.seen))}"


def _table(head: tuple[str, ...], rows: Iterable[Outcome]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for one in rows:
        seen = "<br>".join(map(escaped, (one.why, *one.details)))
        yield f"| {SIGNS[one.state]} | {escaped(one.name)} | {escaped(one.word)} | {seen} |"


def escaped(text: str) -> str:
    """Return the text so that Markdown shows it as it is, in one line, as a cell of a table may have it."""
    line = printable(" ".join(text.split("\n")))
    html = "".join(HTML.get(sign, sign) for sign in line)
    return MARKUP.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), html).strip()
