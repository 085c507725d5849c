"""See submission.toml."""

from flask import request

KNOWN = ("python-requests", "curl", "Wget", "Mozilla")


def measured(session, device_id, workflow_id):
    return not request.headers.get("User-Agent", "").startswith(KNOWN)
