"""What a schema has, or lacks, after an upgrade and its downgrade."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

SchemaRows = Mapping[str, Sequence[tuple[object, ...]]]
"""The objects of a schema, by their kinds: see `lab.engine.fingerprint.schema_rows`."""

KEYS: Mapping[str, tuple[int, ...]] = {
    "relation": (0, 1),
    "column": (0, 1, 3),
    "constraint": (0, 1),
    "sequence": (0,),
    "function": (0,),
    "type": (0,),
    "policy": (0, 1, 2),
    "schema": (0,),
    "extension": (0,),
    "default": (0, 1),
}
"""Of each kind the fields that name an object. One of another kind is its own name."""

NOT_COUNTED: Mapping[str, int] = {"column": 2, "constraint": 3}
"""A column's place, which no downgrade gives back; whether a constraint was validated, which may stay."""

OF_A_TABLE = {"column", "constraint", "index"}
OF_AN_EXTENSION = {"function", "type"}
INDEX_NAME = re.compile(r"INDEX (\S+) ON (\S+)")
PUBLIC = re.compile(r"(?<![\w.])public\.")
NOT_VALID = re.compile(r" NOT VALID$")


@dataclass(frozen=True, slots=True)
class Trace:
    """An object that is not as before. `more`: there is more than before, else there is less."""

    object: str
    more: bool


def traces(before: SchemaRows, after: SchemaRows) -> Iterator[Trace]:
    """Yield what is there more or less than before, without what comes with a table or an extension."""
    found = list(_traces(before, after))
    whole = {one.object.partition(" ")[2] for one in found if one.object.startswith("relation ")}
    extended = any(one.object.startswith("extension ") for one in found)
    indexes = {one.object.split(" ")[1] for one in found if one.object.startswith("index ")}
    for one in found:
        kind, _, name = one.object.partition(" ")
        of_table = kind in OF_A_TABLE and any(
            name.startswith(f"{table}.") or name.endswith(f" of {table}") for table in whole
        )
        of_extension = extended and kind in OF_AN_EXTENSION
        if not (of_table or of_extension or (kind == "relation" and name in indexes)):
            yield one


def _traces(before: SchemaRows, after: SchemaRows) -> Iterator[Trace]:
    for kind in after:
        old, new = _named(kind, before[kind]), _named(kind, after[kind])
        for name in sorted({**old, **new}):
            if name not in old or name not in new:
                yield Trace(f"{kind} {name}", name in new)
            elif old[name] != new[name]:
                changes = [
                    (one, other) for one, other in zip(old[name], new[name], strict=True) if one != other
                ]
                gone = all(other in (None, "") for _, other in changes)
                yield Trace(f"{kind} {name}, which is not as before", not gone)


def _named(kind: str, rows: Sequence[tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    found = {}
    for row in rows:
        name = ".".join(str(row[place]) for place in KEYS.get(kind, (0,)))
        if kind == "index" and (match := INDEX_NAME.search(str(row[0]))):
            name = f"{match[1]} of {match[2]}"
        skipped = NOT_COUNTED.get(kind)
        fields = tuple(
            NOT_VALID.sub("", one) if isinstance(one, str) else one
            for place, one in enumerate(row)
            if place != skipped
        )
        found[PUBLIC.sub("", name)] = fields
    return found
