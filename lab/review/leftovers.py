"""What the upgraded schema has that it should not: its catalogue, compared with that before."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.engine.catalogue import Catalogue, Constraint, Index

TOKEN = re.compile(r"%\((\w+)\)s")
GIVEN = "\0"
"""Stands for the part of a name that its author gives."""

KINDS = {"p": "pk", "f": "fk", "u": "uq", "c": "ck"}


@dataclass(frozen=True, slots=True)
class Leftover:
    """A finding's id, what was seen, and the names that the statement at fault has. `table` may be empty."""

    id: str
    seen: str
    names: tuple[str, ...]


def leftovers(before: Catalogue, after: Catalogue, convention: Mapping[str, str]) -> Iterator[Leftover]:
    """Yield what is new in the schema and should be otherwise. `convention` is that of the models' names."""
    old_indexes = {one.name for one in before.indexes}
    old_constraints = {(one.table, one.name) for one in before.constraints}
    known_invalid = {one.name for one in before.indexes if not one.valid}
    without = {one.oid for one in before.tables if not one.has_primary_key}
    for index in after.indexes:
        if not index.valid and index.name not in known_invalid:
            yield Leftover(
                "invalid-index", f"The index {index.name} is invalid: it was not completed.", (index.name,)
            )
    for table in after.tables:
        if not table.has_primary_key and not table.is_partition and table.oid not in without:
            yield Leftover("no-primary-key", f"{table.name} has no primary key.", (table.name,))
    for one in after.constraints:
        if (one.table, one.name) in old_constraints:
            continue
        if not one.valid:
            seen = f"{one.name} of {one.table} is NOT VALID after the last revision."
            yield Leftover("not-valid-left", seen, (one.name,))
        if one.kind == "f" and not _is_indexed(one, after.indexes):
            listed = ", ".join(one.columns)
            seen = (
                f"No index of {one.table} begins with {listed}: each delete in {one.refers} reads all of it."
            )
            yield Leftover("foreign-key-without-index", seen, (one.name,))
        yield from _off(convention, KINDS.get(one.kind, ""), one.name, one.table, one.columns, one.refers)
    for index in after.indexes:
        if index.name not in old_indexes and not index.constraint and all(index.columns):
            kinds = ("uq", "ix") if index.unique else ("ix",)
            off = [list(_off(convention, kind, index.name, index.table, index.columns, "")) for kind in kinds]
            if all(off):
                yield off[-1][0]


def _is_indexed(key: Constraint, indexes: Sequence[Index]) -> bool:
    wanted = set(key.columns)
    return any(
        index.table == key.table and set(index.columns[: len(wanted)]) == wanted
        for index in indexes
        if index.valid
    )


def _off(
    convention: Mapping[str, str], kind: str, name: str, table: str, columns: Sequence[str], refers: str
) -> Iterator[Leftover]:
    pattern = convention.get(kind, "")
    wanted = _conventional(pattern, table, columns, refers)
    if wanted is None or _fits(name.strip('"'), wanted):
        return
    seen = f"{name} would be {'…'.join(wanted)} by the convention."
    yield Leftover("name-off-the-convention", seen, (name,))


def _fits(name: str, wanted: Sequence[str]) -> bool:
    """Whether the name has these parts, the first at its begin and the last at its end."""
    if len(wanted) == 1:
        return name == wanted[0]
    first, last = wanted[0], wanted[-1]
    return name.startswith(first) and name.endswith(last) and len(name) > len(first) + len(last)


def _conventional(pattern: str, table: str, columns: Sequence[str], refers: str) -> list[str] | None:
    """Return the convention's name, split where the author gives a part of it.

    None if there is no convention, or it has a token that is not known here.
    https://docs.sqlalchemy.org/en/20/core/constraints.html#configuring-constraint-naming-conventions
    """
    first = columns[0] if columns else ""
    values = {
        "table_name": table,
        "referred_table_name": refers,
        "column_0_name": first,
        "column_0_label": f"{table}_{first}",
        "column_0N_name": "".join(columns),
        "column_0_N_name": "_".join(columns),
        "constraint_name": GIVEN,
    }
    if not pattern or not set(TOKEN.findall(pattern)) <= set(values) or "%" in TOKEN.sub("", pattern):
        return None
    return TOKEN.sub(lambda token: values[token[1]], pattern).split(GIVEN)
