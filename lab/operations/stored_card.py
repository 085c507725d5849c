"""The card in the folder of a submission: read it, and write another one without losing what has marks."""

import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path

from lab.errors import UsageError
from lab.files import write_atomic
from lab.json_files import to_json
from lab.lock import exclusive_lock
from lab.operations.pages import MADE_OF_A_CARD
from lab.progress import silent
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.marks import LOCK, MARKS, origin_of

EARLIER = "earlier-"
"""The beginning of the name of a folder with a card that was graded before, and its marks."""


def read_card(folder: Path) -> Card | None:
    """Return the card in the folder; None if there is none that can be used."""
    with suppress(UsageError):
        return read_card_file(folder)
    return None


def write_card(folder: Path, card: Card) -> None:
    """Write the card to the folder, and delete what was made of an earlier one.

    Marks are of one judgement. Those of another one are set aside with their card, and put back when the
    submission is judged so again.

    Raises:
        EnvironmentFault: a file cannot be written.
        Locked: a person is saving marks of the card.
    """
    with exclusive_lock(folder / LOCK, progress=silent):
        before, marks = read_card(folder), folder / MARKS
        if marks.exists() and (before is None or origin_of(before) != origin_of(card)):
            _set_aside(folder, _name(before))
        for name in MADE_OF_A_CARD:
            (folder / name).unlink(missing_ok=True)
        write_atomic(folder / CARD, f"{to_json(card)}\n".encode())
        _put_back(folder, card)


def delete_card(folder: Path) -> None:
    """Delete the card in the folder and what was made of it. Marks stay."""
    for name in (CARD, *MADE_OF_A_CARD):
        (folder / name).unlink(missing_ok=True)


def put_marks_back(folder: Path, card: Card) -> None:
    """Give the card in the folder the marks that were set aside, if a `write_card` was killed before that.

    Raises as `write_card` does.
    """
    if any(folder.glob(f"{EARLIER}*")):
        with exclusive_lock(folder / LOCK, progress=silent):
            _put_back(folder, card)


def _put_back(folder: Path, card: Card) -> None:
    found = [path for path in sorted(folder.glob(f"{_name(card)}*")) if (path / MARKS).exists()]
    if found and not (folder / MARKS).exists():
        (found[-1] / MARKS).replace(folder / MARKS)
        shutil.rmtree(found[-1])


def _name(card: Card | None) -> str:
    return f"{EARLIER}{origin_of(card)[:12] if card else 'unknown'}"


def _set_aside(folder: Path, name: str) -> None:
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    earlier = next(path for path in map(folder.joinpath, names) if not (path / MARKS).exists())
    if (folder / CARD).is_file():
        write_atomic(earlier / CARD, (folder / CARD).read_bytes())
    else:
        earlier.mkdir(exist_ok=True)
    (folder / MARKS).replace(earlier / MARKS)
