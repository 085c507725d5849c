"""Runs the revisions of the library in `fixes/`. Imports no models: these run whatever state `app/` is in."""

from migrations import history

history.run(
    {
        "version_table": "fix_version",
        # A schema of its own, which autogenerate in the other history never looks into.
        "version_table_schema": "lab",
    }
)
