"""Read the card in a folder, for people: what cannot be used is an error that says why."""

import json
from pathlib import Path

from lab.errors import InvalidFile, UsageError
from lab.json_files import from_json
from lab.scorecard.card import SCHEMA, Card

CARD = "card.json"


def read_card_file(folder: Path) -> Card:
    """Return the card in the folder.

    Raises:
        UsageError: the folder has no card.
        InvalidFile: the card cannot be read, has another schema, or was changed by hand.
    """
    file = folder / CARD
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"There is no card in {folder}.", "Name a folder that lab grade has made for a submission."
        ) from None
    except OSError as error:
        raise InvalidFile(file, [error.strerror or str(error)]) from error
    try:
        document = json.loads(content)
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema != SCHEMA:
            remedy = "Use the version of lab that made it, or grade the submission again."
            raise InvalidFile(file, [f"schema: {schema!r}, and this lab reads {SCHEMA}"], remedy)
        card = from_json(content, Card)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(file, [str(error)], "Grade the submission again.") from error
    if document.get("judgement") != card.judgement:
        problem = "judgement: not that of its verdicts, regressions and findings: it was changed by hand"
        raise InvalidFile(file, [problem], "Grade the submission again.")
    return card
