"""What a card has beside one line of the rubric, as short texts. They are facts: what they mean is judged."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lab.scorecard.card import BugCard, Card
from lab.scorecard.figure_text import figure_text
from lab.scorecard.rubric import Kind, Line
from lab.sentences import counted, printable

MOST_FIGURES = 4
MOST = 20
"""Texts of one kind; the others are counted."""

LONGEST = 300
"""Characters of one text."""

RECORD = "record"
TARGETS = {
    Kind.REGRESSIONS: "broke",
    Kind.FINDINGS: "migrations",
    Kind.MIGRATIONS: "migrations",
    Kind.TIMELINE: RECORD,
    Kind.COMMITS: RECORD,
}


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """One text. `target` is the section of a card's page that has more of it, such as "bug-3", or empty."""

    text: str
    target: str = ""


def evidence_for(line: Line, card: Card) -> tuple[EvidenceText, ...]:
    """Return what the card has of the line's kinds of evidence, in their order; nothing if it was not graded.

    Texts of the candidate's, such as the subjects of commits, are in it: escape them where they are shown.
    """
    if card.problem:
        return ()
    found: list[EvidenceText] = []
    for kind in line.evidence:
        target = TARGETS.get(kind, "")
        if target == RECORD and not (card.timeline or card.commits):
            target = ""
        texts = [
            EvidenceText(_short(one), target) if isinstance(one, str) else one
            for one in _of(kind, line, card)
        ]
        found += texts[:MOST]
        if len(texts) > MOST:
            found.append(EvidenceText(f"{len(texts) - MOST} more of this kind are on the card.", target))
    return tuple(found)


def _of(kind: Kind, line: Line, card: Card) -> Iterator[str | EvidenceText]:
    match kind:
        case Kind.VERDICTS:
            return _verdicts(line, card)
        case Kind.REGRESSIONS:
            return _regressions(card)
        case Kind.FINDINGS:
            return _findings(card)
        case Kind.MIGRATIONS:
            return _migrations(card)
        case Kind.TIMELINE:
            return _timeline(card)
        case Kind.COMMITS:
            return _commits(card)
        case Kind.HELP:
            return _help(line, card)


def _chosen(line: Line, card: Card) -> list[BugCard]:
    return [bug for bug in card.bugs if not line.bugs or bug.number in line.bugs]


def _verdicts(line: Line, card: Card) -> Iterator[str | EvidenceText]:
    bugs = _chosen(line, card)
    for bug in bugs:
        verdict = f"{bug.verdict}, with the fix that was given" if bug.given else str(bug.verdict)
        figures = "; ".join(map(figure_text, bug.figures[:MOST_FIGURES]))
        if len(bug.figures) > MOST_FIGURES:
            figures += "; …"
        text = f"Bug {bug.number}, {bug.title}: {verdict}. {bug.why}{f' ({figures})' if figures else ''}"
        yield EvidenceText(_short(text), f"bug-{bug.number}")
    if not bugs and line.bugs:
        yield "None of this line's bugs was in the handout."


def _regressions(card: Card) -> Iterator[str]:
    beside = card.beside
    if beside is None:
        return
    if beside.problem:
        yield f"Beside the bugs, not all could be compared: {beside.problem}"
    elif not beside.regressions:
        yield f"Beside the bugs, {beside.requests} requests were answered as before."
    else:
        count = len(beside.regressions)
        yield f"Beside the bugs, {count} answer{' has' if count == 1 else 's have'} changed."
    yield from map(str, beside.regressions)


def _findings(card: Card) -> Iterator[str]:
    review = card.review
    if review is None:
        return
    if review.problem:
        yield f"The migrations could not be reviewed: {review.problem}"
    for one in review.findings:
        waived = ", waived" if one.waived is not None else ""
        place = f", {one.place}" if one.place else ""
        yield f"{one.severity.capitalize()}{waived}: {one.id}{place}. {one.seen}"
    if not review.problem and not review.findings and review.migrations:
        yield "The review of the migrations has found nothing."


def _migrations(card: Card) -> Iterator[str]:
    if card.review is None or card.review.problem:
        return
    for one in card.review.migrations:
        write = (
            "" if one.slowest_write is None else f"; the slowest write meanwhile took {one.slowest_write:g} s"
        )
        yield f"Migration {one.revision}, {one.message}: ran for {one.seconds:g} s{write}."
    if not card.review.migrations:
        yield "There is no migration."


def _timeline(card: Card) -> Iterator[str]:
    if not card.timeline:
        return
    counted = Counter(f"lab {one.words[0] if one.words else ''}".strip() for one in card.timeline)
    listed = ", ".join(
        f"{name} {count} times" if count > 1 else name for name, count in counted.most_common(8)
    )
    count = len(card.timeline)
    noun = "command" if count == 1 else "commands"
    yield f"By the candidate's own record, {count} {noun} of lab: {listed}."
    first = ", ".join(" ".join(("lab", *one.words[:4])) for one in card.timeline[:5])
    yield f"The first of them: {first}."


def _commits(card: Card) -> Iterator[str]:
    if not card.commits:
        yield "No commits came with what was handed in. A zip file has none."
    for one in card.commits:
        yield f"Commit: {one.subject}"


def _help(line: Line, card: Card) -> Iterator[str]:
    bugs = _chosen(line, card)
    for bug in bugs:
        if bug.given:
            yield f"Bug {bug.number}: the fix was given."
        if bug.hints:
            yield f"Bug {bug.number}: {counted(bug.hints, 'hint')} given."
    if bugs and not any(bug.given or bug.hints for bug in bugs):
        yield "No help was recorded."


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
