"""PyYAML's loaders, and a check before they read: nested too deep, YAML ends the process in its C code."""

from typing import Any

import yaml

try:  # written in C, they take a tenth of the time; PyYAML has them where it was built with libyaml
    from yaml import CBaseLoader as BaseLoader
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import BaseLoader, SafeLoader  # type: ignore[assignment]

__all__ = ["BaseLoader", "SafeLoader", "require_flat"]

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
