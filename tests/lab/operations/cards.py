"""Cards in the folders of a batch, without grading anything."""

from dataclasses import replace
from pathlib import Path

from lab.files import write_atomic
from lab.json_files import to_json
from lab.library import Library
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD
from lab.scorecard.rubric import digest_of
from tests.conftest import PROJECT
from tests.lab.scorecard.test_card import FULL

LIBRARY = Library(PROJECT)
GRADED = replace(FULL, rubric=digest_of(LIBRARY.rubric))


def write_card(folder: Path, card: Card = GRADED) -> Path:
    """Write a card of the submission with the folder's name, and return the folder."""
    named = replace(card, submission=replace(card.submission, name=folder.name))
    write_atomic(folder / CARD, f"{to_json(named)}\n".encode())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
