"""A fix as frozen values."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lab.catalog.unified_diff import FileDiff


class Order(StrEnum):
    """Which part comes first when the fix is applied. Reverting has the opposite order."""

    MIGRATION_FIRST = "migration-first"
    PATCH_FIRST = "patch-first"


@dataclass(frozen=True, slots=True)
class OwnedObject:
    """An object that a fix's migration creates: a table, index, constraint or column (`table.column`)."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class ProbeNeeds:
    """What the catalog must know of a fix's probe: the services that must run before it is called.

    `replicas`: it needs every instance of them that lab.toml allows; else one of each. `last`: it ends a
    service or fills a table, so it runs after the others.
    """

    services: tuple[str, ...]
    replicas: bool = False
    last: bool = False


def revision_of(number: int) -> str:
    """Return the id of the Alembic revision of the fix with this number, such as `fix_7`."""
    return f"fix_{number}"


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix. The fields up to `probe` are the keys of fix.toml, `files` is what code.patch changes.

    `probe` is None if there is no probe: then the bug cannot be measured.
    """

    number: int
    slug: str
    title: str
    difficulty: str
    area: str
    symptom: str
    hints: tuple[str, ...]
    objects: tuple[OwnedObject, ...]
    requires: tuple[int, ...]
    order: Order
    probe: ProbeNeeds | None
    folder: Path
    files: tuple[FileDiff, ...]
    changes_schema: bool = True
    """Whether its migration does anything."""

    @property
    def revision(self) -> str:
        """The id of its Alembic revision, such as `fix_7`."""
        return revision_of(self.number)

    @property
    def label(self) -> str:
        """The label of its Alembic branch, such as `fix7`."""
        return f"fix{self.number}"

    @property
    def guide(self) -> str:
        return (self.folder / "guide.md").read_text(encoding="utf-8")

    @property
    def spec(self) -> str:
        """What the feature must do; empty for a bug."""
        file = self.folder / "spec.md"
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    @property
    def diff(self) -> str:
        return (self.folder / "code.patch").read_text(encoding="utf-8", errors="replace")
