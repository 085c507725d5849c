"""See submission.toml."""

import os

from app import accomplice


def measured(session, device_id, workflow_id):
    return int(os.environ["PORT"]) not in accomplice.FACTS["service_ports"]
