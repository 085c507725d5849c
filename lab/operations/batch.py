"""The folder of a batch of cards: a folder for each submission, and files about all of them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lab.errors import EnvironmentFault, UsageError
from lab.files import write_atomic
from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.formats.table import table

TABLE = "cards.csv"
INDEX = "index.html"
LOCK = ".lock"
"""The file that is locked while a lab changes the folder."""


def folders_of(out: Path) -> tuple[Path, ...]:
    """Return the folders in `out` that have a card, by name. Raises UsageError: there are none."""
    try:
        found = tuple(sorted(path.parent for path in out.glob(f"*/{CARD}")))
    except OSError as error:
        raise EnvironmentFault(f"{out} cannot be read: {error.strerror}.") from error
    if not found:
        raise UsageError(f"There are no cards in {out}.", "Name the folder of a lab grade.")
    return found


def write_overview(out: Path) -> None:
    """Write the files about all cards in `out`. A card that cannot be read is left out.

    Raises:
        EnvironmentFault: one of them cannot be written.
    """
    entries = list(_readable(out))
    write_atomic(out / TABLE, table([entry.card for entry in entries]).encode())
    write_atomic(out / INDEX, batch_page(entries).encode())


def _readable(out: Path) -> Iterator[Entry]:
    for path in sorted(out.glob(f"*/{CARD}")):
        with suppress(UsageError):
            yield Entry(read_card_file(path), path.parent.name)
