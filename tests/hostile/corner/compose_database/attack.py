"""See submission.toml."""

from contextlib import closing, suppress

from app import accomplice

accomplice.tried("service start")
with suppress(Exception), closing(accomplice.own()) as connection:
    if accomplice.is_live(connection):
        accomplice.gained("the live database by DATABASE_URL")
        accomplice.execute(connection, "DELETE FROM workflow_samples WHERE id = 2")
    if accomplice.execute(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        accomplice.gained("a superuser by DATABASE_URL")
