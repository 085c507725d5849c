"""The settings of a compose file, whatever form they are written in. The file may be a candidate's."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from lab.yaml_depth import SafeLoader, require_flat

MOST = 20_000
"""Settings in one file. Aliases can make a short text as long as one likes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: the keys that lead to it, its value (None: none), and its first and last line, from 1.

    A variable in a list `environment`, such as `- NAME=value`, is the same as one in a map.
    """

    path: tuple[str, ...]
    value: str | None
    first: int
    last: int


def settings(text: bytes) -> tuple[Setting, ...]:
    """Return the settings of the file in its order, repeated ones too. Raises ValueError: it is no YAML."""
    found: list[Setting] = []
    try:
        require_flat(text, SafeLoader)
        document = yaml.compose(text, Loader=SafeLoader)
        for setting in _settings(document, (), 1, 1) if document else ():
            found.append(setting)
            if len(found) > MOST:
                raise ValueError("too many settings")
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return tuple(found)


def has_same_settings(text: bytes, before: bytes, after: bytes) -> bool:
    """Return whether every setting that differs from `before` to `after` is in `text` as `after` has it."""
    try:
        found, old, new = (_values(one) for one in (text, before, after))
    except ValueError:
        return False
    differing = {path for path in {*old, *new} if old.get(path) != new.get(path)}
    return bool(differing) and all(found.get(path) == new.get(path) for path in differing)


def repeated_by(before: bytes, after: bytes) -> tuple[Setting, ...]:
    """Return the settings of `before` that `after` has more often: there, one would hide the other."""
    try:
        old = settings(before)
        counts = Counter(one.path for one in settings(after))
    except ValueError:
        return ()
    earlier = Counter(one.path for one in old)
    return tuple(one for one in old if counts[one.path] > max(1, earlier[one.path]))


def _values(text: bytes) -> dict[tuple[str, ...], tuple[str | None, ...]]:
    values: dict[tuple[str, ...], tuple[str | None, ...]] = {}
    for one in settings(text):
        values[one.path] = (*values.get(one.path, ()), one.value)
    return values


def _settings(node: yaml.Node, path: tuple[str, ...], first: int, last: int) -> Iterator[Setting]:
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            yield from _settings(value, (*path, name), key.start_mark.line + 1, _last_line(value))
    elif isinstance(node, yaml.SequenceNode) and node.value:
        is_environment = path[-1:] == ("environment",)
        for at, item in enumerate(node.value):
            lines = item.start_mark.line + 1, _last_line(item)
            if is_environment and isinstance(item, yaml.ScalarNode):
                name, separator, value = str(item.value).partition("=")
                yield Setting((*path, name), value if separator else None, *lines)
            else:
                yield from _settings(item, (*path, f"[{at}]"), *lines)
    else:
        is_null = node.tag.endswith(":null") or not isinstance(node, yaml.ScalarNode)
        yield Setting(path, None if is_null else str(node.value), first, max(first, last))


def _last_line(node: yaml.Node) -> int:
    end = node.end_mark
    return int(end.line + 1 if end.column else end.line)
