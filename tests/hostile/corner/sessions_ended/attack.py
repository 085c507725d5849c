"""See submission.toml."""

import time
from contextlib import closing, suppress

from app import accomplice

ENDED = """
SELECT count(*) FROM (
    SELECT {} AS ended FROM pg_stat_activity a JOIN pg_roles r ON r.rolname = a.usename
     WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
       AND (r.rolsuper OR a.application_name LIKE 'lab%' OR a.datname <> current_database())
) s WHERE ended
"""


def end_sessions():
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for role in (None, "lab", "device_service", "workflow_service"):
            for function in ("pg_cancel_backend(pid)", "pg_terminate_backend(pid)"):
                with suppress(Exception), closing(accomplice.login(role, role, None)) as connection:
                    if accomplice.execute(connection, ENDED.format(function)):
                        accomplice.gained(f"{function} as {role or 'its role'}")
        time.sleep(0.3)


accomplice.tried("service start")
accomplice.in_background(end_sessions)
