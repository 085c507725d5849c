"""Read a card for people: what cannot be used is an error that says why."""

import json
from pathlib import Path
from typing import NoReturn

from lab.errors import InvalidFile, UsageError
from lab.json_files import from_json, to_json
from lab.scorecard.card import SCHEMA, Card

CARD = "card.json"
MOST_BYTES = 50 * 2**20
GRADE_AGAIN = "Grade the submission again."


def card_folder(path: Path) -> Path:
    """Return the folder of a card that is named by its folder, or by its card.json."""
    return path.parent if path.name == CARD and path.is_file() else path


def read_card_file(path: Path) -> Card:
    """Return the card at `path`: a card.json, or a folder with one.

    Raises:
        UsageError: there is no card.
        InvalidFile: the card cannot be read, has another schema, or was changed by hand.
    """
    file = path / CARD if path.is_dir() else path
    try:
        if not file.is_file() and file.exists():
            raise InvalidFile(file, ["it is no plain file"], GRADE_AGAIN)
        if file.stat().st_size > MOST_BYTES:
            raise InvalidFile(file, ["it is too large for a card"], GRADE_AGAIN)
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        remedy = "Name a card.json, or a folder that lab grade has made."
        if path.is_dir() and (below := sorted(path.glob(f"*/{CARD}"))):
            remedy = f"It is the folder of {len(below)} cards: name the folder of one."
        raise UsageError(f"There is no card in {path}.", remedy) from None
    except OSError as error:
        raise InvalidFile(file, [error.strerror or str(error)]) from error
    try:
        document = json.loads(content, parse_constant=_no_number)
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema != SCHEMA:
            remedy = "Use the version of lab that made it, or grade the submission again."
            raise InvalidFile(file, [f"schema: {schema!r}, and this lab reads {SCHEMA}"], remedy)
        card = from_json(content, Card)
        json.loads(to_json(card), parse_constant=_no_number)  # of 1e999, an infinite number is read
    except KeyError as error:  # of a finding
        raise InvalidFile(file, [f"{error} is no finding of this lab"], GRADE_AGAIN) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise InvalidFile(file, [str(error)], GRADE_AGAIN) from error
    if document.get("judgement") != card.judgement:
        problem = "judgement: not that of its verdicts, regressions and findings: it was changed by hand"
        raise InvalidFile(file, [problem], GRADE_AGAIN)
    return card


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
