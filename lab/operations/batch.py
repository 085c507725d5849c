"""The folder of a batch of cards: a folder for each submission, and files about all of them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lab.errors import EnvironmentFault, UsageError
from lab.files import write_atomic
from lab.operations.grade import TABLE
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.formats.table import table

PAGE = "index.html"


def folders_of(out: Path) -> tuple[Path, ...]:
    """Return the folders in `out` that have a card, by name. Raises UsageError: there are none."""
    try:
        found = tuple(sorted(path.parent for path in out.glob(f"*/{CARD}")))
    except OSError as error:
        raise EnvironmentFault(f"{out} cannot be read: {error.strerror}.") from error
    if not found:
        raise UsageError(f"There are no cards in {out}.", "Name the folder of a lab grade.")
    return found


def write_overview(out: Path) -> tuple[str, ...]:
    """Make those files about all cards again that exist in `out`. Return what there is to say of it.

    A card that cannot be read is left out.
    """
    said: list[str] = []
    if (out / TABLE).exists():
        write_atomic(out / TABLE, table(tuple(_readable(out))).encode())
    if (out / PAGE).exists():
        (out / PAGE).unlink()
        said.append(f"{PAGE} was deleted: lab grade makes it again.")
    return tuple(said)


def _readable(out: Path) -> Iterator[Card]:
    for path in sorted(out.glob(f"*/{CARD}")):
        with suppress(UsageError):
            yield read_card_file(path.parent)
