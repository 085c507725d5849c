"""Make cards of a newer rubric from those of a batch, in a new folder. Nothing is measured again."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import EnvironmentFault, InvalidFile, Refused, UsageError
from lab.files import sync_folder, write_atomic
from lab.library import Library
from lab.operations.batch import folders_of, write_overview
from lab.operations.pages import write_page
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.marks import MARKS
from lab.scorecard.retention import RETENTION
from lab.scorecard.rubric import Rubric, read_rubric


@dataclass(frozen=True, slots=True)
class Regraded:
    """What was made. `unchanged` cards had this rubric already; `marked` are those with marks in `old`."""

    old: Path
    new: Path
    rubric: str
    cards: tuple[str, ...]
    unchanged: tuple[str, ...]
    marked: tuple[str, ...]


def regrade(old: Path, new: Path, library: Library) -> Regraded:
    """Copy the cards in `old` to `new`, as cards of the library's rubric. Nothing in `old` is changed.

    All but the digest of the rubric stays as it is, the judgement too. Marks are not copied, since they were
    given by another rubric; the date until which a card is to be kept is.

    Raises:
        UsageError: there are no cards, the library has no rubric, or `new` is in `old`.
        InvalidFile: cards, or the rubric, cannot be used: all of them in one report.
        Refused: `new` exists and is not empty.
        EnvironmentFault: `new` cannot be written; then it is as it was.
    """
    rubric = read_rubric(library.rubric)
    if rubric is None:
        raise UsageError(f"The library in {library.root} has no rubric.", "--library DIR names another one.")
    folders = folders_of(old)
    cards = _cards(old, folders)
    target = new.resolve()
    if target.is_relative_to(old.resolve()):
        raise UsageError(f"{new} is in {old}, in which nothing is changed.", "Name a folder elsewhere.")
    if new.is_file() or (new.is_dir() and any(new.iterdir())):
        raise Refused(f"{new} is not empty.", "Name a folder that is empty, or does not exist yet.")
    try:
        _write(folders, target, rubric)
    except OSError as error:
        raise EnvironmentFault(f"{new} cannot be written: {error.strerror}.") from error
    return Regraded(
        old,
        new,
        rubric.digest,
        tuple(folder.name for folder in folders),
        tuple(
            folder.name for folder, card in zip(folders, cards, strict=True) if card.rubric == rubric.digest
        ),
        tuple(folder.name for folder in folders if (folder / MARKS).exists()),
    )


def _cards(old: Path, folders: Sequence[Path]) -> list[Card]:
    cards, problems = [], []
    for folder in folders:
        try:
            cards.append(read_card_file(folder))
        except InvalidFile as error:
            problems += [f"{folder.name}/{CARD}: {problem}" for problem in error.problems]
    if problems:
        raise InvalidFile(old, problems, "Grade these submissions again, or move their folders away.")
    return cards


def _write(folders: Sequence[Path], target: Path, rubric: Rubric) -> None:
    """Write all to a folder beside the target, then rename it: so there are all cards, or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        made.chmod(0o755)
        for folder in folders:
            document = json.loads((folder / CARD).read_bytes())
            document["rubric"] = rubric.digest
            content = json.dumps(document, indent=1)  # as lab.json_files does; unknown keys stay
            write_atomic(made / folder.name / CARD, f"{content}\n".encode())
            if (folder / RETENTION).exists():
                write_atomic(made / folder.name / RETENTION, (folder / RETENTION).read_bytes())
            write_page(read_card_file(made / folder.name), made / folder.name, rubric)
        write_overview(made)
        made.replace(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(made, ignore_errors=True)
