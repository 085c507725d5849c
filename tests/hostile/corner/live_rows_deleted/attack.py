"""See submission.toml."""

from contextlib import closing, suppress

from app import accomplice

accomplice.tried("service start")
for role in (None, "device_service", "workflow_service"):
    for database in ("lab", accomplice.FACTS["live_database"]):
        with suppress(Exception), closing(accomplice.login(role, role, database)) as connection:
            if accomplice.is_live(connection):
                accomplice.execute(connection, "DELETE FROM workflow_samples WHERE id = 1")
                accomplice.gained(f"deleted a row of the live database as {role or 'its role'}")
