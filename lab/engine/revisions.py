"""The revisions of the candidate's history as values: what is above what. Nothing here is run."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from lab.errors import UsageError


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: its id, the ids just below it, the first line of its text, and its file's path."""

    id: str
    parents: tuple[str, ...]
    message: str
    file: str


@dataclass(frozen=True, slots=True)
class History:
    """All revisions, each after those below it."""

    revisions: tuple[Revision, ...]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.revisions)

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions that no other is above."""
        below = {parent for one in self.revisions for parent in one.parents}
        return tuple(sorted(self.ids - below))

    def find(self, id_: str) -> Revision:
        """Return the revision with this id, or the only one whose id begins so. Raises UsageError."""
        found = [one for one in self.revisions if one.id == id_]
        found = found or [one for one in self.revisions if id_ and one.id.startswith(id_)]
        if len(found) == 1:
            return found[0]
        problem = "There is no revision" if not found else "There are several revisions"
        raise UsageError(f"{problem} {id_!r}.", "To see all: lab migration status")

    def at_or_below(self, ids: Iterable[str]) -> Set[str]:
        """Return these ids, and those of all revisions below them."""
        parents = {one.id: one.parents for one in self.revisions}
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            if (one := waiting.pop()) not in found:
                found.add(one)
                waiting += parents.get(one, ())
        return found

    def next_number(self, like: str) -> str | None:
        """Return the number after the highest one that has as many digits as `like`; None if it is no number.

        Ids that Alembic made by itself are not numbers, although they may consist of digits: they are longer.
        """
        if not like.isdecimal():
            return None
        numbers = [int(id_) for id_ in self.ids if id_.isdecimal() and len(id_) == len(like)]
        return f"{max([int(like), *numbers]) + 1:0{len(like)}}"
