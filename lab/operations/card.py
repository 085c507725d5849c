"""Write a card in other people's formats. A card is never changed here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.catalog import catalog_of
from lab.scorecard.card import Card
from lab.scorecard.course import Course, read_course
from lab.scorecard.formats.registry import FORMATS, NO_POINTS
from lab.sentences import printable
from lab.workspace import Workspace

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
        UsageError: there is no such format, or one needs a course file and there is none, or the reverse.
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
    if course is None:
        return Rendering(names)
    if not any(FORMATS[name].with_points for name in names):
        with_points = " or ".join(f"--format {name}" for name in FORMATS if FORMATS[name].with_points)
        raise UsageError("No format that is asked for has the points of --course.", f"Add {with_points}.")
    return Rendering(names, read_course(course, _slugs(library)))


def rendered(card: Card, name: str, course: Course) -> str:
    """Return the card in the format of this name."""
    return FORMATS[name].render(card, course)


def write_formats(card: Card, folder: Path, how: Rendering) -> None:
    """Write the card to the folder in each format that is asked for. Raises EnvironmentFault."""
    for name in how.names:
        write_atomic(folder / FORMATS[name].file, rendered(card, name, how.course).encode())


def readable(card: Card) -> Card:
    """Return the card with every text so that it cannot change a terminal: a card.json can be edited."""
    return from_json(to_json(_printable(from_json(to_json(card), dict[str, Any]))), Card)


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
