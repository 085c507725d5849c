"""Migrate a database to the schema of given fixes: the new database of `up` or `reset`, before it is used."""

from collections.abc import Sequence

from lab.engine import migrations
from lab.engine.schema import lock_schema, read_schema
from lab.engine.transaction import DEFAULTS
from lab.operations.catalog import catalog_of
from lab.operations.fix_status import fixes_in_code
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace


def sync_schema(workspace: Workspace, url: str, numbers: Sequence[int]) -> None:
    """Upgrade the database to the revisions of these fixes, and downgrade it from those of other fixes.

    Raises:
        Refused: a migration failed.
    """
    catalog = catalog_of(workspace)
    chosen = catalog.select([str(number) for number in numbers])
    with lock_schema(url, progress=silent, lock_timeout=DEFAULTS.lock_timeout) as schema:
        runner = migrations.Migrations(url, schema, DEFAULTS.lock_timeout)
        recorded = schema.snapshot().recorded
        for fix in catalog.fixes:
            if fix in chosen:
                runner.upgrade(fix)
            elif fix.revision in recorded:
                runner.downgrade(fix)


def match_code(workspace: Workspace, progress: Progress, url: str) -> None:
    """Give the database the schema of those fixes that are in the workspace's code.

    Raises:
        Refused: a migration failed.
    """
    numbers = fixes_in_code(workspace)
    recorded = read_schema(url).recorded
    if numbers or any(fix.revision in recorded for fix in catalog_of(workspace).fixes):
        progress(Update("Migrating to the schema of the applied fixes"))
        sync_schema(workspace, url, numbers)
