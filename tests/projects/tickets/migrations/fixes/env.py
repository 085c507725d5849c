"""Alembic environment of the fixes' history, in `fixes/`. It imports no models: `app/` may be broken."""

from migrations import history

# A separate schema, which autogenerate in the candidate's history does not look at.
history.run(version_table="fix_version", version_table_schema="lab")
