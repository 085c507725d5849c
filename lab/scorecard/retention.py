"""Until when a card is to be kept: `retention.json` beside it. Without one, no date holds it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lab.errors import InvalidFile
from lab.files import write_atomic
from lab.json_files import from_json, to_json

RETENTION = "retention.json"


@dataclass(frozen=True, slots=True)
class Retention:
    """`until` is the last day on which the card is to be kept, as in 2030-12-31."""

    until: str

    @property
    def date(self) -> date:
        return date.fromisoformat(self.until)


def read_retention(folder: Path) -> date | None:
    """Return the date in the folder of a card; None if there is none. Raises InvalidFile: it is no date."""
    file = folder / RETENTION
    try:
        return from_json(file.read_bytes(), Retention).date
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        remedy = "Set the date again: lab card keep FOLDER --until DATE."
        raise InvalidFile(file, [str(error)], remedy) from error


def write_retention(folder: Path, until: date) -> None:
    """Set the date. Raises EnvironmentFault: it cannot be written."""
    write_atomic(folder / RETENTION, f"{to_json(Retention(until.isoformat()))}\n".encode())
