"""Grade one unpacked submission: measure, compare, review its migrations, and return its card."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from lab import __version__, sandbox, shipped, timeline
from lab.catalog import Catalog, Fix
from lab.errors import EnvironmentFault, InvalidFile, LabError, Refused
from lab.grading.submission import Submission
from lab.grading.working_time import working_time
from lab.handouts import Handout
from lab.library import Library
from lab.operations.box import measure_in_box
from lab.operations.catalog import catalog_of
from lab.operations.given import given_fixes, in_place
from lab.operations.handout_files import code_digest, code_of
from lab.operations.measure import Checked, measure_in_shadow
from lab.operations.ownership import Dataset
from lab.operations.prepared import prepared_server
from lab.operations.review import review_on
from lab.operations.review_box import review_in_box
from lab.operations.shipped_figures import Figures, shipped_figures
from lab.operations.shipped_history import ShippedHistory, shipped_history
from lab.operations.stored_card import read_card
from lab.operations.target import Target
from lab.operations.template import shipped_head
from lab.profile import read_profile
from lab.progress import Progress, silent
from lab.runtime.prepared import Prepared
from lab.sandbox import Level
from lab.scorecard.card import (
    BugCard,
    Card,
    CommandCard,
    CommitCard,
    HandoutCard,
    MigrationCard,
    ReviewCard,
    SubmissionCard,
    TimeCard,
    machine,
)
from lab.scorecard.rubric import digest_of
from lab.sentences import printable
from lab.shadow.shadow import Source
from lab.workspace import Workspace

WORK = ".work"
"""The folder beside the card in which the submission is unpacked; it is deleted."""

OTHER_CODE = (
    "The handout was made from other code than that of this library, with which the work is compared: what "
    "differs between the two can look like the candidate's change. Grade it with the library that made it: "
    "lab --library DIR grade."
)

MOST_COMMANDS = 1000
MOST_WORDS = 20
LONGEST = 200
"""Of the candidate's own record, a card has so many commands, words of each, and characters of a text."""

MOST_CHARACTERS = 200_000
"""Of the candidate's own record, a card has so many characters, escaped: the latest commands."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of a library and of its rubric (empty: it has none)."""

    library: str
    rubric: str = ""

    @classmethod
    def of(cls, library: Library) -> Self:
        return cls(library.digest(), digest_of(library.rubric))


@dataclass(frozen=True, slots=True)
class Asked:
    """What to grade with: the library, and the record of the submission's handout, if there is one.

    `unwalled`: if this machine has no walls, grade without.
    """

    library: Library
    handout: Handout | None = None
    unwalled: bool = False


def grade_one(submission: Submission, asked: Asked, progress: Progress = silent) -> Card:
    """Measure the unpacked submission, in its folder, and return its card.

    What is wrong with the submission is in the card.

    Raises:
        EnvironmentFault: the folder cannot be written, git is missing, no server can be prepared, or this
            machine has no walls.
        InvalidFile: the library's lab.toml cannot be used.
    """
    if not asked.unwalled:
        require_walls()
    started = time.monotonic()
    rows = read_profile(asked.library.profile).seed.rows
    card = _graded(submission, asked, rows, progress)
    return replace(card, seconds=round(time.monotonic() - started, 1))


def require_walls() -> None:
    """Raise EnvironmentFault if this machine has no walls to put around a stranger's code."""
    means = sandbox.found()
    if means.level is Level.NONE:
        raise EnvironmentFault(
            "This machine has no walls for the code of a stranger.",
            f"{means.better} To grade all the same: --no-sandbox.".strip(),
        )


def kept_card(folder: Path, submission: Submission, asked: Asked) -> Card | None:
    """Return the card that is there already, of the same files by the same library and version of lab.

    There is none if more help was recorded since.
    """
    card = read_card(folder)
    if card is None or card.environment:
        return None
    record = asked.handout
    given = given_fixes(record)
    same = (submission.digest, asked.library.digest(), __version__, _handout(record))
    if (card.submission.digest, card.library, card.lab, card.handout) != same:
        return None
    help_ = [(bug.given, bug.hints) for bug in card.bugs]
    now = [(bug.number in given, record.hints_given(bug.number) if record else 0) for bug in card.bugs]
    return card if help_ == now else None


def _handout(record: Handout | None) -> HandoutCard | None:
    if record is None:
        return None
    return HandoutCard(record.id, record.bugs, record.minutes, record.ai, _shown(record.name))


def card_without_figures(
    submission: SubmissionCard, digests: Digests, problem: str, *, environment: bool = False
) -> Card:
    """Return the card of a submission that was not measured. `environment`: that is the machine's fault."""
    level = str(sandbox.found().level)
    return Card(
        submission,
        __version__,
        digests.library,
        time.time(),
        0.0,
        machine(level),
        problem=problem,
        environment=environment,
        rubric=digests.rubric,
    )


def _graded(submission: Submission, asked: Asked, rows: int, progress: Progress) -> Card:
    record = asked.handout
    workspace = Workspace(submission.root, asked.library)
    name = SubmissionCard(submission.name, submission.digest, submission.skipped)
    card = card_without_figures(name, Digests.of(asked.library), "")
    workspace.state.mkdir(exist_ok=True)
    shipped.keep(workspace)
    prepared = prepared_server(workspace, Dataset(rows), progress, to_measure=True)
    target = Target(workspace, "", prepared, catalog_of(workspace))
    below, notes = handed_out(asked.library, record, target.catalog)
    given = given_fixes(record)
    chosen = tuple(fix for fix in target.catalog.measurable if record is None or fix.number in record.bugs)
    try:
        applied = in_place(workspace, record, target.catalog.fixes)
        source = Source(workspace, prepared, None, lambda: applied)
        checked = _measure()(target, source, chosen, with_contract=True, progress=progress)
        before = shipped_figures(target, _measure(), progress)
    except LabError as error:  # what the candidate's code does wrong is a verdict
        own = isinstance(error, InvalidFile) and error.path.is_relative_to(submission.root)
        return replace(card, problem=str(error), environment=not own)
    commands = tuple(timeline.read(submission.root))[-MOST_COMMANDS:]
    return replace(
        card,
        handout=_handout(record),
        bugs=tuple(_bugs(checked, record, given, before)),
        beside=checked.beside,
        review=_review(workspace, prepared, applied, rows, below, progress),
        timeline=latest_commands(commands),
        commits=tuple(CommitCard(_shown(one.subject), one.at) for one in submission.commits),
        time=_time(working_time(commands, submission.commits), record),
        notes=(*notes, *checked.notes),
        machine=machine(str(checked.level)),
    )


def handed_out(
    library: Library, record: Handout | None, catalog: Catalog
) -> tuple[ShippedHistory, tuple[str, ...]]:
    """Return what the work's revisions are on, and a note if the library would hand out other code now.

    An old record does not say which code its handout has.
    """
    workspace = Workspace(library.root, library)
    head = record.head if record else shipped_head(workspace)
    try:
        code, _ = code_of(library, [fix for fix in catalog.fixes if record and fix.number in record.built_in])
    except Refused:  # a fix that was built in does not fit the library's code any more
        code = {str(path): file for path, file in shipped.source(workspace).items()}
    is_other = record is not None and record.code and code_digest(code) != record.code
    return shipped_history(head, code), (OTHER_CODE,) if is_other else ()


def latest_commands(commands: Sequence[timeline.Command]) -> tuple[CommandCard, ...]:
    """Return the latest commands, as many as a card has room for."""
    found: list[CommandCard] = []
    room = MOST_CHARACTERS
    for one in reversed(commands):
        card = CommandCard(tuple(map(_shown, one.words[:MOST_WORDS])), one.code, one.at)
        room -= sum(map(len, card.words))
        if room < 0:
            break
        found.append(card)
    return tuple(found[::-1])


def _shown(text: str) -> str:
    """Return a text of the candidate's as a card has it: without what could change a terminal, and short."""
    return printable(text[:LONGEST])


def _time(seconds: float | None, record: Handout | None) -> TimeCard | None:
    if seconds is None:
        return None
    return TimeCard(seconds, None if record is None else seconds <= record.minutes * 60)


def _measure() -> Callable[..., Checked]:
    """Return what measures here: in a box, where this machine can make one."""
    return measure_in_box if sandbox.nests(sandbox.found()) else measure_in_shadow


def _bugs(checked: Checked, record: Handout | None, given: frozenset[int], before: Figures) -> list[BugCard]:
    about = {bug.number: bug for bug in checked.bugs}
    return [
        BugCard(
            one.bug,
            about[one.bug].title,
            about[one.bug].symptom,
            one.verdict,
            one.why,
            one.blocked_by,
            one.figures,
            one.bug in given,
            record.hints_given(one.bug) if record else 0,
            before.get(one.bug, ()),
        )
        for one in checked.evidence
    ]


def _review(
    workspace: Workspace,
    prepared: Prepared,
    applied: tuple[Fix, ...],
    rows: int,
    below: ShippedHistory,
    progress: Progress,
) -> ReviewCard:
    try:
        if sandbox.nests(sandbox.found()):
            found = review_in_box(workspace, prepared, applied, rows, below, progress)
        else:
            found = review_on(workspace, prepared, applied, rows, (), below, progress)
    except LabError as error:
        return ReviewCard(problem=str(error))
    migrations = tuple(
        MigrationCard(one.revision, one.message, one.file, one.seconds, one.slowest_write)
        for one in found.figures
    )
    return ReviewCard(found.findings, migrations)
