"""The folder of a batch of cards: a folder for each submission, and files about all of them."""

from pathlib import Path

from lab import __version__
from lab.errors import EnvironmentFault, InvalidFile, UsageError
from lab.files import write_atomic
from lab.operations.pages import PAGE
from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card import Card, SubmissionCard, machine
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.formats.table import table
from lab.sentences import sentence

TABLE = "cards.csv"
INDEX = "index.html"
LOG = "grade.log"
"""What lab wrote when it could not grade the submission of the folder it is in."""

LOCK = ".lock"
"""The file that is locked while a lab changes the folder."""


def folders_of(out: Path) -> tuple[Path, ...]:
    """Return the folders in `out` that have a card, by name. Raises UsageError: there are none."""
    try:
        found = tuple(sorted(path.parent for path in out.glob(f"*/{CARD}")))
    except OSError as error:
        raise EnvironmentFault(f"{out} cannot be read: {error.strerror}.") from error
    if not found:
        raise UsageError(f"There are no cards in {out}.", "Name a folder that lab grade has made.")
    return found


def write_overview(out: Path) -> None:
    """Write the files about all cards in `out`. One that cannot be read is listed as not graded,
    and one of an earlier run as that.

    Raises:
        EnvironmentFault: one of them cannot be written.
    """
    entries = [_entry(path) for path in sorted(out.glob(f"*/{CARD}"))]
    now = [one.card for one in entries if not one.earlier]
    earlier = [one.card for one in entries if one.earlier]
    write_atomic(out / TABLE, table(now, earlier).encode())
    write_atomic(out / INDEX, batch_page(entries).encode())


def _entry(path: Path) -> Entry:
    card, folder = _card(path), path.parent
    # A run that has failed here leaves its log, and the card that was there before.
    earlier = not card.environment and (folder / LOG).exists()
    return Entry(card, folder.name, has_page=(folder / PAGE).exists(), earlier=earlier)


def _card(path: Path) -> Card:
    try:
        return read_card_file(path)
    except UsageError as error:
        name = SubmissionCard(path.parent.name, "")
        reasons = "; ".join(error.problems) if isinstance(error, InvalidFile) else error.message
        problem = sentence(f"Its card cannot be read: {reasons}")
        return Card(name, __version__, "", 0.0, 0.0, machine(""), problem=problem, environment=True)
