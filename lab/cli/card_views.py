"""What `card show` prints for people: all of a card, in the order in which a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from lab.cli.check_views import STYLES, FigureLine, regressions
from lab.cli.review_views import STYLES as SEVERITIES
from lab.cli.tables import coloured, table
from lab.scorecard.outcomes import moment
from lab.scorecard.page import records
from lab.scorecard.states import TIMES, time_used
from lab.sentences import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lab.scorecard.card import BugCard, Card, ReviewCard

LATEST = 10
"""Commits and commands of the candidate's that are shown, the latest ones."""


def card(found: Card, judgement: str) -> Iterator[RenderableType]:
    """Yield the card. `judgement` is that of its file: `found` may have its texts escaped."""
    yield Text(found.submission.name, "bold")
    yield from _origin(found)
    if found.problem:
        blame = " here, which says nothing about the work" if found.environment else ""
        yield Text(f"\nNot graded{blame}: {found.problem}", "yellow" if found.environment else "red")
    if found.bugs:
        yield ""
        yield _bugs(found)
    yield from _beside(found)
    if found.review is not None:
        yield from _review(found.review)
    yield from _records(found)
    for note in found.notes:
        yield Text(f"\nNote: {note}", "yellow")
    yield coloured(f"\nJudgement {judgement}", "dim")


def _origin(found: Card) -> Iterator[RenderableType]:
    one = found.machine
    machine = f"{one.system} {one.processor}, {counted(one.cores, 'core')}, walls: {one.sandbox}"
    yield Text(f"Graded by lab {found.lab} on {moment(found.at)} UTC in {found.seconds:.0f} s ({machine}).")
    if (handout := found.handout) is not None:
        bugs = ", ".join(map(str, handout.bugs))
        name = f" ({handout.name})" if handout.name else ""
        ai = "not allowed" if handout.ai == "none" else handout.ai
        yield Text(f"Handout {handout.id}{name}: bugs {bugs}; AI assistants {ai}.")
    for clause in found.submission.left_out:
        yield Text(f"Left out: {clause}.", "dim")


def _bugs(found: Card) -> RenderableType:
    bugs = table("N", "VERDICT", "BUG AND WHAT WAS SEEN", unwrapped=("N", "VERDICT"))
    for one in found.bugs:
        seen = Group(Text(one.title, "bold"), Text(one.why), *map(FigureLine, one.figures), *_help(one))
        bugs.add_row(str(one.number), _verdict(one), seen)
    return bugs


def _verdict(bug: BugCard) -> Text:
    by = f" by {bug.blocked_by}" if bug.blocked_by is not None else ""
    verdict = Text(f"{bug.verdict}{by}", STYLES[bug.verdict])
    return verdict.append("\ngiven", "dim") if bug.given else verdict


def _help(bug: BugCard) -> Iterator[RenderableType]:
    if bug.given:
        yield Text("Its fix was given to the candidate.", "yellow")
    if bug.hints:
        yield Text(f"{counted(bug.hints, 'hint')} given.", "yellow")


def _beside(found: Card) -> Iterator[RenderableType]:
    beside = found.beside
    if beside is None:
        return
    yield from regressions(beside.regressions)
    if beside.problem:
        yield Text(f"\nWhat is beside the bugs could not all be compared: {beside.problem}", "yellow")
    elif not beside.regressions:
        yield f"\nNothing else is broken: {beside.requests:,} requests were answered as by the reference."


def _review(review: ReviewCard) -> Iterator[RenderableType]:
    if review.problem:
        yield Text(f"\nThe migrations could not be reviewed: {review.problem}", "yellow")
    elif not review.migrations and not review.findings:
        yield "\nThere is no migration."
    if review.migrations:
        yield ""
        listed = table("REVISION", "MESSAGE", "RAN", "SLOWEST WRITE", unwrapped=("REVISION", "RAN"))
        for one in review.migrations:
            slowest = "not measured" if one.slowest_write is None else f"{one.slowest_write:.3f} s"
            listed.add_row(Text(one.revision), Text(one.message), f"{one.seconds:.3f} s", slowest)
        yield listed
    for finding in review.findings:
        style = "dim" if finding.waived is not None else SEVERITIES[finding.severity]
        word = f"{finding.severity}, waived" if finding.waived is not None else str(finding.severity)
        yield Text.assemble((f"\n{word}: ", style), (finding.id, "bold"), f" {finding.place}".rstrip())
        yield Padding(Text(finding.seen), (0, 0, 0, 2))
        if finding.waived is None and finding.safer:
            yield Padding(Text(f"Safer: {finding.safer}", "green"), (0, 0, 0, 2))


def _records(found: Card) -> Iterator[RenderableType]:
    """Yield the candidate's own records, which can be false. No time of the clock: it shows extra time."""
    if found.time is not None:
        yield f"\nTime used: {TIMES[time_used(found.time)]}."
    listed = [
        f"commit: {one.text}" if one.code is None else f"lab {one.text} (exit {one.code})"
        for one in records(found)
    ]
    if listed:
        counts = f"{counted(len(found.commits), 'commit')}, {counted(len(found.timeline), 'command')}"
        yield coloured(f"By the candidate's own records, {counts}, the latest:", "dim")
        yield Text("\n".join(f"  {text}" for text in listed[-LATEST:]))
