"""The query parameters that a service says it reads, from the OpenAPI file that it serves.

The file is a candidate's: it may be wrong in any way, and then there are no parameters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from lab.yaml_depth import BaseLoader, require_flat

MOST = 2**20
"""Bytes of a file. A larger one is not read."""

REFERENCES = 10
"""References that are followed one after another."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, with the type of its values as JSON Schema names it; empty if that is not said."""

    name: str
    kind: str


def query_parameters(document: bytes, path: str) -> tuple[Parameter, ...]:
    """Return the query parameters of GET `path`; none if the OpenAPI file `document` does not have it."""
    if len(document) > MOST:
        return ()
    try:
        require_flat(document, BaseLoader)
        # All scalars are texts to this loader, and a merge key is a key: nothing in the file can grow.
        loaded = yaml.load(document, Loader=BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()
    return tuple(_parameters(loaded, path))


def _parameters(document: Any, path: str) -> Iterator[Parameter]:
    item = _member(document, _member(document, document, "paths"), path)
    operation = _member(document, item, "get")
    for holder in (item, operation):
        listed = _member(document, holder, "parameters")
        for one in listed if isinstance(listed, list) else ():
            name, place = _member(document, one, "name"), _member(document, one, "in")
            if place == "query" and isinstance(name, str):
                kind = _member(document, _member(document, one, "schema"), "type")
                kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
                yield Parameter(name, next((k for k in kinds if isinstance(k, str) and k != "null"), ""))


def _member(document: Any, holder: Any, name: str) -> Any:
    """Return a member of an object, or of the one that it refers to; None if there is none."""
    for _ in range(REFERENCES):
        if not isinstance(holder, dict):
            return None
        reference = holder.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return holder.get(name)
        holder = document
        for key in reference[2:].split("/"):
            key = key.replace("~1", "/").replace("~0", "~")
            holder = holder.get(key) if isinstance(holder, dict) else None
    return None
