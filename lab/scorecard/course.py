"""A course file: the points that a teacher gives, for the formats of courses. lab itself gives none.

docs/formats.md describes it.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import InvalidFile, UsageError
from lab.sentences import closest, unknown_key

KEYS = ("masked", "names", "visibility", "points", "regressions", "migrations")
PARTS = ("earned", "lost")
VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")
"""When Gradescope shows the results to students."""

MOST_POINTS = 1_000_000
REMEDY = "docs/formats.md has an example of a course file."


@dataclass(frozen=True, slots=True)
class Part:
    """Points for what is no bug: `earned` if all is well, or `lost` if it is not. One of them is 0."""

    earned: float = 0.0
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """What a teacher wrote: points by the number of a bug, and the share of them for one that is masked.

    names: students see what the bugs are called, and what was measured. visibility: one of VISIBILITIES.
    """

    points: Mapping[int, float]
    masked: float = 0.0
    regressions: Part = Part()
    migrations: Part = Part()
    names: bool = False
    visibility: str = "after_published"


def read_course(path: Path, slugs: Mapping[str, int]) -> Course:
    """Read a course file. `slugs` has the number of each bug of the library by its slug.

    Raises:
        UsageError: there is no such file.
        InvalidFile: it cannot be read or used. The message lists every mistake.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"There is no {path}.", "--course names a file: docs/formats.md has one.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidFile(path, [str(error)], REMEDY) from error
    reader = _Reader(document)
    course = reader.course(slugs)
    if reader.problems:
        raise InvalidFile(path, reader.problems, REMEDY)
    return course


class _Reader:
    """Reads the keys of a course file, and keeps every mistake."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.problems: list[str] = []

    def course(self, slugs: Mapping[str, int]) -> Course:
        self._known(self._document, KEYS, "")
        masked = self._number("masked", self._document.get("masked", 0), 1)
        names = self._document.get("names", False)
        if not isinstance(names, bool):
            self.problems.append("names: true or false is expected")
        visibility = self._document.get("visibility", "after_published")
        if visibility not in VISIBILITIES:
            self.problems.append(f"visibility: one of {', '.join(VISIBILITIES)} is expected")
        return Course(
            self._points(slugs),
            masked,
            self._part("regressions"),
            self._part("migrations"),
            names is True,
            str(visibility),
        )

    def _points(self, slugs: Mapping[str, int]) -> dict[int, float]:
        table = self._table("points")
        points: dict[int, float] = {}
        for key, value in table.items():
            number = _bug(key, slugs)
            name = f"points.{key}"
            if number is None:
                meant = closest(key, slugs)
                hint = f"; did you mean {meant}?" if meant else ""
                self.problems.append(f"{name}: no bug of the library{hint}")
            elif number in points:
                self.problems.append(f"{name}: bug {number} is listed twice")
            else:
                points[number] = self._number(name, value, MOST_POINTS)
        if not any(key.startswith("points") for key in self.problems) and not any(points.values()):
            self.problems.append(
                "points: missing: a table with the points of one bug or more, such as 1 = 10"
            )
        return points

    def _part(self, name: str) -> Part:
        table = self._table(name)
        self._known(table, PARTS, f"{name}.")
        if len(table.keys() & set(PARTS)) == len(PARTS):
            self.problems.append(f"{name}: either earned or lost, not both")
        values = {key: self._number(f"{name}.{key}", table.get(key, 0), MOST_POINTS) for key in PARTS}
        return Part(**values)

    def _table(self, name: str) -> dict[str, Any]:
        table = self._document.get(name, {})
        if isinstance(table, dict):
            return table
        self.problems.append(f"{name}: a table is expected")
        return {}

    def _number(self, name: str, value: object, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problems.append(f"{name}: a number is expected")
        elif not 0 <= value <= most:  # true for a NaN
            self.problems.append(f"{name}: a number from 0 to {most:,} is expected")
        else:
            return float(value)
        return 0.0

    def _known(self, table: dict[str, Any], keys: Sequence[str], prefix: str) -> None:
        for key in table:
            if key not in keys:
                self.problems.append(f"{prefix}{key}: {unknown_key(key, keys)}")


def _bug(key: str, slugs: Mapping[str, int]) -> int | None:
    if key.isascii() and key.isdigit() and len(key) <= 4:
        return int(key) if int(key) in slugs.values() else None
    return slugs.get(key.strip().lower().replace("-", "_"))
