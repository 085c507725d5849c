"""A result: one zip file with the card that came of a bundle, and the key of that bundle.

result.json    the bundle's key, and the version of lab that graded it
card.json      the card
"""

import io
import zipfile
from dataclasses import dataclass

from lab import __version__
from lab.batch.bundle import Manifest
from lab.errors import EnvironmentFault
from lab.handouts import Handout
from lab.json_files import from_json, to_json
from lab.scorecard.card import Card, HandoutCard, SubmissionCard
from lab.scorecard.card_file import CARD
from lab.zip_errors import UNREADABLE

FORMAT = 1
RESULT = "result.json"
LARGEST = 64 * 2**20
"""Bytes of a file in a result, unpacked."""


class NoResult(EnvironmentFault):
    """The bytes are no result, or that of another bundle, or its card is of another submission."""


@dataclass(frozen=True, slots=True)
class _About:
    """Which bundle the result is of, by its key, and the version of lab that made it."""

    bundle: str
    lab: str
    format: int = FORMAT


def to_result(key: str, card: Card) -> bytes:
    """Return the result of the bundle with this key. The same card makes the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in ((RESULT, _About(key, __version__)), (CARD, card)):
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, f"{to_json(value)}\n")
    return content.getvalue()


def card_of(result: bytes, manifest: Manifest) -> Card:
    """Return the card in the result of the bundle with this manifest. Raises NoResult: it is not that."""
    try:
        with zipfile.ZipFile(io.BytesIO(result)) as archive:
            about = from_json(_read(archive, RESULT), _About)
            card = from_json(_read(archive, CARD), Card)
    except (OSError, *UNREADABLE) as error:
        raise NoResult(f"It is no result: {error}.") from error
    if (about.format, about.bundle) != (FORMAT, manifest.key):
        raise NoResult("It is the result of another bundle.")
    if not _is_of(card, manifest):
        raise NoResult("Its card is of another submission, library or handout than its bundle.")
    return card


def _is_of(card: Card, manifest: Manifest) -> bool:
    """Whether the card says that it was made of this bundle. One without verdicts names no handout."""
    submission = SubmissionCard(manifest.name, manifest.digest, manifest.skipped)
    if (card.submission, card.library, card.rubric) != (submission, manifest.library, manifest.rubric):
        return False
    return card.environment or (
        card.lab == manifest.lab and (not card.bugs or _about(card.handout) == _about(manifest.handout))
    )


def _about(handout: Handout | HandoutCard | None) -> tuple[str, tuple[int, ...], int, str] | None:
    return None if handout is None else (handout.id, handout.bugs, handout.minutes, handout.ai)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(LARGEST)
