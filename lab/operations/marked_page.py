"""The page of a card with the marks that one rater may see."""

from dataclasses import replace
from pathlib import Path

from lab.errors import UsageError
from lab.files import write_atomic
from lab.library import Library
from lab.operations.mark import GivenMark, Marking, marking
from lab.scorecard.card_file import card_folder, read_card_file
from lab.scorecard.page import card_page
from lab.scorecard.rubric import read_rubric
from lab.scorecard.rubric_view import MarkView, RubricView, rubric_view


def write_marked_page(folder: Path, library: Library, name: str, file: Path) -> Marking:
    """Write the page to `file`, and return the marking that it shows.

    Raises:
        UsageError: `file` is in the card's folder, whose pages hold no marks; and as `marking`.
        InvalidFile, Refused: as `marking`.
        EnvironmentFault: the file cannot be written.
    """
    folder = card_folder(folder)
    if file.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{file} is beside the card, where a second rater reads before they mark.",
            "Name a file in another folder.",
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
