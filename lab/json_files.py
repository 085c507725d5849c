"""Convert dataclasses to JSON and back, with paths as text and bytes as base64.

msgspec checks the structure. The standard library's json writes and reads the text, because it accepts lone
surrogates, which file names and services' output can contain. The first call imports both: other commands
start faster without them.
"""

import threading
from typing import Any, TypeVar

T = TypeVar("T")

_one_at_a_time = threading.RLock()
"""Held while msgspec converts: it caches its description of a class before the description is complete, and
another thread that uses that crashes.
https://github.com/msgspec/msgspec/blob/0.21.0/src/msgspec/_core.c (DataclassInfo_Convert), as in 0.22"""


def to_json(value: object, *, indent: int = 1) -> str:
    """Return `value` as JSON, in one line if `indent` is 0. Paths and unknown types become text."""
    import json

    import msgspec

    return json.dumps(msgspec.to_builtins(value, enc_hook=str), indent=indent or None)


def from_json(document: bytes | str, kind: type[T]) -> T:
    """Return the JSON document as `kind`: a dataclass, or a type such as `dict[str, int]`.

    Unknown keys are ignored. A missing key takes the default of its field.

    Raises:
        ValueError: the document is not JSON, or does not have the form of `kind`.
    """
    import json

    import msgspec

    try:
        read = json.loads(document)
        with _one_at_a_time:
            return msgspec.convert(read, kind, dec_hook=_decode, str_keys=True)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _decode(kind: type, value: Any) -> Any:
    from pathlib import PurePath

    if issubclass(kind, PurePath):
        return kind(value)
    raise NotImplementedError(f"{kind} cannot be read from JSON")
