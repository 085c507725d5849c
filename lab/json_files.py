"""Convert dataclasses to JSON and back, with paths as text and bytes as base64.

msgspec checks the structure. The text is json's: msgspec can neither write nor read lone surrogates, which
services and file names can contain. Both are imported by the first call, so that other commands start faster.
"""

from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: object, *, indent: int = 1) -> str:
    """Return `value` as JSON, in one line if `indent` is 0. Types that JSON lacks are written as text."""
    import json

    import msgspec

    return json.dumps(msgspec.to_builtins(value, enc_hook=str), indent=indent or None)


def from_json(document: bytes | str, kind: type[T]) -> T:
    """Return the JSON document as an instance of the dataclass `kind`. Unknown keys are ignored.

    Raises:
        ValueError: the document is not JSON, or does not have the form of `kind`.
    """
    import json

    import msgspec

    try:
        return msgspec.convert(json.loads(document), kind, dec_hook=_decode, str_keys=True)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _decode(kind: type, value: Any) -> Any:
    from pathlib import PurePath

    if issubclass(kind, PurePath):
        return kind(value)
    raise NotImplementedError(f"{kind} cannot be read from JSON")
