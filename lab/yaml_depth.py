"""Refuse YAML that is nested too deep, before it is read: PyYAML's C code ends the process for it."""

from typing import Any

import yaml

MOST_DEEP = 100
"""Lists and maps within each other. Of some 20,000, the C code of PyYAML 6 overflows its stack."""


def require_flat(text: str | bytes, loader: Any) -> None:
    """Raise yaml.YAMLError if there are more than MOST_DEEP lists and maps within each other, or no YAML."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST_DEEP:
            raise yaml.YAMLError("lists and maps are nested too deep")
