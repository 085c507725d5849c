"""The YAML of a compose file, read as compose reads it: YAML 1.2, with the merge keys of YAML 1.1.

PyYAML by itself reads YAML 1.1, where `no` is a truth value and 12:30 a number.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from lab.yaml_depth import SafeLoader, require_flat

MOST = 20_000
"""Nodes of one file, each alias counted as what it stands for: a short text can stand for billions."""

SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0b[01_]+|0x[0-9a-fA-F_]+)", list("-+0123456789")),
    ("float", r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?", list("-+0123456789.")),
    ("merge", "<<", ["<"]),
)
"""What a plain scalar can be besides a text: its tag, its form, and the characters that it can begin with."""


def load(text: str) -> Any:
    """Return the document in `text`; None if there is none.

    Raises:
        yaml.YAMLError: it is not YAML, repeats a key, is nested too deep, or its aliases stand for too much.
        ValueError: a number has too many digits.
    """
    require_flat(text, _Loader)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, {}, set())
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Loader(SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name, filled below


for tag, form, first in SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"\A(?:{form})\Z"), first)


def _check(node: yaml.Node, sizes: dict[yaml.Node, int], above: set[yaml.Node]) -> int:
    """Return how many nodes `node` stands for. `sizes` has the nodes that were checked, `above` its parents.

    It is done before anything is merged: a merged map has its keys and those that they override.
    """
    if node in sizes:
        return sizes[node]
    if node in above:
        raise _invalid("it contains itself", node)
    above.add(node)
    size = 1 + sum(_check(child, sizes, above) for child in _children(node))
    above.remove(node)
    if size > MOST:
        raise _invalid("its aliases stand for too much", node)
    sizes[node] = size
    return size


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the nodes in this one. Raises YAMLError: it is a map that repeats a key."""
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _invalid(f"the key {key.value!r} is repeated", key)
                seen.add(key.value)
            yield key
            yield value


def _invalid(problem: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
