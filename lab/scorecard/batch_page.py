"""All cards of a batch on one page: by name, each with its verdicts. Nothing is ranked or added up.

The page filters without a script: the style hides the rows that do not have what a list at the head of a
column has chosen.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from lab.scorecard.card import Card
from lab.scorecard.states import (
    GIVEN,
    GOOD,
    LONGER,
    NONE,
    NOTHING,
    STATES,
    UNKNOWN,
    WITHIN,
    State,
    broke,
    migrations,
    state_of,
    time_used,
)
from lab.scorecard.templates import render

LONGEST = 300
"""Characters of a text."""

SOMETHING, PROBLEMS = "something", "problems"
GRADED, SUBMISSION, MACHINE = "graded", "submission", "machine"


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list that filters: the value that a row must have, and its word."""

    value: str
    word: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be filtered. `key` names it in the page's own attributes."""

    key: str
    head: str
    about: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row has in a column: the value that is filtered by, its word, and a shape if it has one."""

    value: str
    word: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A submission: its name, the link to its card (empty: it has no page), and a cell for each column.

    `earlier` is as in an `Entry`. If it was not graded, `problem` says why, and `status` and `shape` whether
    that is the machine's fault.
    """

    name: str
    link: str
    cells: tuple[Cell, ...]
    problem: str
    status: str
    shape: str
    earlier: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A card, and the name of its folder beside the page.

    has_page: the folder has the card's page. earlier: the submission was graded again since, and that failed
    here.
    """

    card: Card
    folder: str
    has_page: bool = True
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class _Size:
    text: int = LONGEST


def batch_page(entries: Sequence[Entry]) -> str:
    """Return the page of all these cards, by name."""
    titles = {bug.number: bug.title for entry in entries for bug in entry.card.bugs}
    numbers = sorted(titles)
    columns = (*(_bug_column(number) for number in numbers), BROKE, MIGRATIONS, TIME, STATUS)
    rows = [_row(entry, numbers, columns) for entry in sorted(entries, key=_by_name)]
    values = {"size": _Size(), "columns": columns, "rows": rows, "titles": sorted(titles.items())}
    rules = "".join(_rule(column, choice) for column in columns for choice in column.choices)
    return render("batch.html.j2", values, rules)


def _rule(column: Column, choice: Choice) -> str:
    """Return the rule that hides the other rows once this is chosen."""
    chosen = f'main:has(#{column.key} option[value="{choice.value}"]:checked)'
    return f'{chosen} tbody tr:not([data-{column.key}="{choice.value}"]) {{ display: none; }}\n'


def _by_name(entry: Entry) -> tuple[str, str]:
    return entry.card.submission.name.casefold(), entry.folder


def _bug_column(number: int) -> Column:
    choices = (*(Choice(one.value, one.word) for one in (*STATES.values(), GIVEN)), Choice("", "–"))
    return Column(f"b{number}", str(number), f"bug {number}", choices)


BROKE = Column(
    "broke",
    "broke",
    "what it broke beside the bugs",
    (Choice(NOTHING, NOTHING), Choice(SOMETHING, SOMETHING), Choice(UNKNOWN, UNKNOWN)),
)
MIGRATIONS = Column(
    "migrations",
    "migrations",
    "migrations",
    (Choice(GOOD, GOOD), Choice(PROBLEMS, PROBLEMS), Choice(NONE, NONE), Choice(UNKNOWN, UNKNOWN)),
)
TIME = Column(
    "time",
    "time used",
    "time used",
    (Choice(WITHIN, WITHIN), Choice(LONGER, LONGER), Choice(UNKNOWN, UNKNOWN)),
)
STATUS = Column(
    "status",
    "graded",
    "whether it was graded",
    (Choice(GRADED, "yes"), Choice(SUBMISSION, "cannot be"), Choice(MACHINE, "not here")),
)


def _row(entry: Entry, numbers: Sequence[int], columns: Sequence[Column]) -> Row:
    card = entry.card
    states = {bug.number: state_of(bug) for bug in card.bugs}
    cells = (*(_verdict(states.get(number)) for number in numbers), *_others(card))
    assert len(cells) == len(columns)
    status, shape = ("Not graded here.", "gaps") if card.environment else ("Cannot be graded.", "dash")
    page = f"{quote(os.fsencode(entry.folder))}/card.html"  # a name can be no Unicode
    link = page if entry.has_page else ""
    return Row(card.submission.name, link, cells, card.problem, status, shape, entry.earlier)


def _verdict(state: State | None) -> Cell:
    return Cell("", "") if state is None else Cell(state.value, state.word, state.shape)


def _others(card: Card) -> Iterator[Cell]:
    count = broke(card)
    yield Cell(count if count in (NOTHING, UNKNOWN, "") else SOMETHING, count)
    found = migrations(card)
    yield Cell(found if found in (GOOD, NONE, UNKNOWN, "") else PROBLEMS, found)
    time = "" if card.problem else time_used(card.time)
    yield Cell(time, time)
    yield Cell(GRADED if not card.problem else MACHINE if card.environment else SUBMISSION, "yes")
