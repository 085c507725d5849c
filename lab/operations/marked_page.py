"""The page of a card with the marks that one rater may see."""

from dataclasses import replace
from pathlib import Path

from lab.errors import UsageError
from lab.files import write_atomic
from lab.library import Library
from lab.operations.mark import GivenMark, Marking, marking
from lab.operations.pages import PAGE
from lab.scorecard.card_file import read_card_file
from lab.scorecard.page import card_page
from lab.scorecard.rubric import read_rubric
from lab.scorecard.rubric_view import MarkView, RubricView, rubric_view


def write_marked_page(folder: Path, library: Library, name: str, file: Path) -> Marking:
    """Write the page to `file`, and return the marking that it shows.

    Raises:
        UsageError: `file` is the card's own page, which holds no marks; and as `marking`.
        InvalidFile, Refused: as `marking`.
        EnvironmentFault: the file cannot be written.
    """
    if file.resolve() == (folder / PAGE).resolve():
        raise UsageError(
            f"{file} is the page that a second rater reads before they mark.", "Name another file."
        )
    found = marking(folder, library, name)
    card, rubric = read_card_file(folder), read_rubric(library.rubric)
    lines = rubric_view(rubric, card).lines if rubric else ()
    marked = [
        replace(line, marks=tuple(map(_view, one.marks)))
        for line, one in zip(lines, found.lines, strict=True)
    ]
    write_atomic(file, card_page(card, RubricView(tuple(marked))).encode())
    return found


def _view(one: GivenMark) -> MarkView:
    changed = f"Changed after signing; signed as {one.signed_as or 'no mark'}." if one.late else ""
    return MarkView(one.rater, one.mark, f"{one.note}\n{changed}".strip())
