"""The folders of a batch's cards: one for each submission, and none that lab did not make."""

from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

from lab.errors import UsageError
from lab.grading.submission import name_of
from lab.operations.batch import INDEX, LOG, TABLE
from lab.operations.grade_one import WORK
from lab.scorecard.card_file import CARD
from lab.scorecard.marks import LOCK as MARKS_LOCK
from lab.scorecard.marks import MARKS
from lab.sentences import inert


def card_folders(sources: Sequence[Path], out: Path) -> tuple[Path, ...]:
    """Return the folder in `out` for the card of each submission, which has its name.

    Raises:
        UsageError: a submission is missing, two have one name, or a folder is not lab's to write to.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", "Name a folder for the cards: -o DIR")
    names = [name_of(source) for source in sources]
    for source, name in zip(sources, names, strict=True):
        if not source.exists():
            raise UsageError(f"There is no {inert(str(source))}.")
        if name.startswith(".") or name.casefold() in (TABLE, INDEX):
            raise UsageError(f"A submission cannot be called {inert(name)}.", "Give the file another name.")
        if source.resolve().parent == out.resolve():
            raise UsageError(
                f"{out} is the folder of the submission {inert(source.name)}.",
                "Name another folder for the cards: -o DIR",
            )
        inside, folder = source.resolve(), (out / name).resolve()
        if folder.is_relative_to(inside) or inside.is_relative_to(folder):
            raise UsageError(
                f"The card of {inert(str(source))} would be written into it.", "Name another folder: -o DIR"
            )
        if folder.exists() and not _may_have_card(folder):
            raise UsageError(
                f"{inert(str(folder))} is there already, and is no folder of a card.",
                "Name another folder: -o DIR",
            )
    folded = [normalize("NFC", name).casefold() for name in names]
    if twice := sorted(
        str(source) for source, key in zip(sources, folded, strict=True) if folded.count(key) > 1
    ):
        raise UsageError(
            f"{len(twice)} submissions have the same name as another: {', '.join(map(inert, twice[:10]))}.",
            "A card is named after its file or folder: give them other names.",
        )
    return tuple(out / name for name in names)


def _may_have_card(folder: Path) -> bool:
    """Whether it is the folder of a card, or empty but for what a grading that was killed has left."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else {""}
    return names <= {WORK, LOG} or not names.isdisjoint({CARD, MARKS, MARKS_LOCK})
