"""What is measured: a workspace whose lab is up."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.catalog import Catalog, Fix
from lab.engine.schema import read_schema
from lab.runtime.prepared import Prepared
from lab.shadow.shadow import Source
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Target:
    """A workspace whose lab is up: the URL of its database for the owner, the server to copy, the catalog."""

    workspace: Workspace
    url: str
    prepared: Prepared
    catalog: Catalog

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each bug, by its slug."""
        return {fix.slug: fix.number for fix in self.catalog.fixes}

    def applied_fixes(self) -> tuple[Fix, ...]:
        """Read from the database which usable fixes are applied. Raises DatabaseUnreachable."""
        recorded = read_schema(self.url).recorded
        return tuple(fix for fix in self.catalog.fixes if fix.revision in recorded)

    def source(self) -> Source:
        """What a shadow of the workspace is made from."""
        return Source(self.workspace, self.prepared, self.url, self.applied_fixes)
