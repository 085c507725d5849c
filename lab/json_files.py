"""Convert dataclasses to JSON and back, with paths as text and bytes as base64.

The first call imports msgspec, so that commands without JSON start faster.
"""

from pathlib import PurePath
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: object, *, indent: int = 1) -> str:
    """Return `value` as JSON, in one line if `indent` is 0. Types that JSON lacks are written as text."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=indent).decode()


def from_json(document: bytes | str, kind: type[T]) -> T:
    """Return the JSON document as an instance of the dataclass `kind`. Unknown keys are ignored.

    Raises:
        ValueError: the document is not JSON, or does not have the form of `kind`.
    """
    import msgspec

    try:
        return msgspec.json.decode(document, type=kind, dec_hook=_decode)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, PurePath):
        return kind(value)
    raise NotImplementedError(f"{kind} cannot be read from JSON")
