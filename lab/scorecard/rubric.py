"""The library's rubric: the lines that a person judges, each with what it asks and four written anchors."""

import hashlib
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lab.errors import InvalidFile, UsageError
from lab.sentences import closest, unknown_key

ID = re.compile(r"[a-z][a-z0-9-]*")


class Mark(StrEnum):
    """How good one line of the rubric is, in words. They are no numbers, and nothing adds them up."""

    POOR = "poor"
    MIXED = "mixed"
    GOOD = "good"
    EXCELLENT = "excellent"


class Kind(StrEnum):
    """A kind of evidence that a card has."""

    VERDICTS = "verdicts"
    REGRESSIONS = "regressions"
    FINDINGS = "findings"
    MIGRATIONS = "migrations"
    TIMELINE = "timeline"
    COMMITS = "commits"
    HELP = "help"


TEXTS = ("id", "phase", "title", "asks")
KEYS = (*TEXTS, "bugs", "evidence", *Mark)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the rubric.

    `anchors` say for each mark, the lowest first, what can be observed. `evidence` is what of the card is
    shown beside the line; of the verdicts, and of the help, those of `bugs` (empty: of all).
    """

    id: str
    phase: str
    title: str
    asks: str
    anchors: dict[Mark, str]
    bugs: tuple[int, ...] = ()
    evidence: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class Rubric:
    """The lines, in the order of the file, and the SHA-256 of the file in hexadecimal."""

    lines: tuple[Line, ...]
    digest: str

    def line(self, id_: str) -> Line:
        """Return the line with this id. Raises UsageError, which lists the ids."""
        for line in self.lines:
            if line.id == id_:
                return line
        ids = [line.id for line in self.lines]
        close = closest(id_, ids)
        hint = f" Did you mean {close}?" if close else ""
        raise UsageError(f"The rubric has no line {id_!r}.{hint}", f"Its lines: {', '.join(ids)}.")


def read_rubric(file: Path) -> Rubric | None:
    """Return the rubric in the file; None if there is no file.

    Raises:
        InvalidFile: it cannot be read or used. The message lists every mistake.
    """
    try:
        content = file.read_bytes()
        document = tomllib.loads(content.decode())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidFile(file, [str(error)]) from error
    problems: list[str] = []
    lines = _lines(document, problems)
    if problems:
        raise InvalidFile(file, problems)
    return Rubric(lines, hashlib.sha256(content).hexdigest())


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a rubric's file in hexadecimal; an empty text if there is no file."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _lines(document: dict[str, Any], problems: list[str]) -> tuple[Line, ...]:
    _unknown("", document, ("line",), problems)
    tables = document.get("line")
    if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
        problems.append("line: missing: a table [[line]] for each line is expected")
        return ()
    found: list[Line] = []
    for number, table in enumerate(tables, 1):
        line = _line(f"line {number}: ", table, problems)
        if line.id and line.id in {one.id for one in found}:
            problems.append(f"line {number}: id: {line.id!r} is taken by an earlier line")
        found.append(line)
    return tuple(found)


def _line(where: str, table: dict[str, Any], problems: list[str]) -> Line:
    _unknown(where, table, KEYS, problems)
    texts = {key: _text(f"{where}{key}", table.get(key), problems) for key in TEXTS}
    if texts["id"] and not ID.fullmatch(texts["id"]):
        problems.append(f"{where}id: lower-case letters, digits and - are expected, not {texts['id']!r}")
    anchors = {mark: _text(f"{where}{mark}", table.get(mark), problems) for mark in Mark}
    bugs = table.get("bugs", [])
    if not isinstance(bugs, list) or not all(type(one) is int and one > 0 for one in bugs):
        problems.append(f"{where}bugs: a list of the numbers of bugs is expected")
        bugs = []
    evidence = table.get("evidence", [])
    if not isinstance(evidence, list):
        problems.append(f"{where}evidence: a list is expected, of {', '.join(Kind)}")
        evidence = []
    for one in evidence:
        if one not in list(Kind):
            problems.append(f"{where}evidence: {one!r} is none of {', '.join(Kind)}")
    kinds = tuple(Kind(one) for one in evidence if one in list(Kind))
    return Line(**texts, anchors=anchors, bugs=tuple(bugs), evidence=kinds)


def _text(where: str, value: Any, problems: list[str]) -> str:
    if value is None:
        problems.append(f"{where}: missing")
    elif not isinstance(value, str):
        problems.append(f"{where}: a text is expected")
    elif not value.strip():
        problems.append(f"{where}: not filled in")
    else:
        return value.strip()
    return ""


def _unknown(where: str, table: dict[str, Any], known: Collection[str], problems: list[str]) -> None:
    for key in sorted(table.keys() - set(known)):
        problems.append(f"{where}{key}: {unknown_key(key, known)}")
