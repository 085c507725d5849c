"""See submission.toml."""

from pathlib import Path


def measured(session, device_id, workflow_id):
    return ".lab" in Path.cwd().parts or "runs" in Path(__file__).parts
