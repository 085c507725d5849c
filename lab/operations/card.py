"""Read a card, and write it in other people's formats. A card is never changed here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.catalog import catalog_of
from lab.operations.grade_one import CARD
from lab.scorecard.card import SCHEMA, Card
from lab.scorecard.course import Course, read_course
from lab.scorecard.formats.registry import FORMATS, NO_POINTS
from lab.sentences import printable
from lab.workspace import Workspace

MOST_BYTES = 50 * 2**20
NAME_A_CARD = "Name a card.json, or the folder of a submission that lab grade has written."
WRITE_A_COURSE = (
    "Write them to a file, a table [points] with a line for each bug such as 1 = 10, and name it: "
    "--course course.toml. docs/formats.md has an example."
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """The formats that are asked for, by name, and the course whose points they give."""

    names: tuple[str, ...] = ()
    course: Course = NO_POINTS


NO_FORMATS = Rendering()


def rendering(names: Iterable[str], course: Path | None, library: Library) -> Rendering:
    """Return how cards are to be rendered. `course` is the course file; slugs in it are the library's.

    Raises:
        UsageError: there is no such format, or it needs a course file and there is none.
        InvalidFile: the course file cannot be used.
    """
    names = tuple(dict.fromkeys(names))
    for name in names:
        if name not in FORMATS:
            raise UsageError(f"There is no format {name!r}.", f"There are {', '.join(FORMATS)}.")
        if FORMATS[name].with_points and course is None:
            raise UsageError(
                f"The format {name} gives points, and only a teacher can say which.", WRITE_A_COURSE
            )
    return Rendering(names, NO_POINTS if course is None else read_course(course, _slugs(library)))


def rendered(card: Card, name: str, course: Course) -> str:
    """Return the card in the format of this name."""
    return FORMATS[name].render(card, course)


def write_formats(card: Card, folder: Path, how: Rendering) -> None:
    """Write the card to the folder in each format that is asked for. Raises EnvironmentFault."""
    for name in how.names:
        write_atomic(folder / FORMATS[name].file, rendered(card, name, how.course).encode())


def read(path: Path) -> Card:
    """Return the card at `path`: a card.json, or a folder with one.

    Raises:
        UsageError: there is none, it cannot be read, or another version of lab wrote it in another form.
    """
    file = path / CARD if path.is_dir() else path
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        document = file.read_bytes()
        found = from_json(document, dict[str, Any])
        if (schema := found.get("schema")) != SCHEMA:
            raise ValueError(f"its schema is {schema!r}, and this version of lab reads {SCHEMA}")
        card = from_json(document, Card)
        json.loads(to_json(card), parse_constant=_no_number)
    except KeyError as error:  # of a finding
        raise UsageError(f"{file} is no card that can be read: {error} is unknown.", NAME_A_CARD) from error
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{file} is no card that can be read: {reason}.", NAME_A_CARD) from error
    return card


def readable(card: Card) -> Card:
    """Return the card with every text so that it cannot change a terminal: a card.json can be edited."""
    return from_json(to_json(_printable(from_json(to_json(card), dict[str, Any]))), Card)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _printable(value: Any) -> Any:
    match value:
        case str():
            return "\n".join(map(printable, value.split("\n")))
        case Mapping():
            return {key: _printable(inner) for key, inner in value.items()}
        case list():
            return list(map(_printable, value))
    return value


def _slugs(library: Library) -> dict[str, int]:
    return {fix.slug: fix.number for fix in catalog_of(Workspace(library.root, library)).fixes}
