"""See submission.toml."""

from app import accomplice


def measured(session, device_id, workflow_id):
    return session.get_bind().url.port != accomplice.FACTS["database_port"]
