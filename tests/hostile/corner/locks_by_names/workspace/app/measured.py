"""See submission.toml."""


def measured(session, device_id, workflow_id):
    return device_id.startswith("probe-") or workflow_id.startswith("probe-")
