"""See submission.toml."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measured(session, device_id, workflow_id):
    return not (ROOT / "lab.toml").exists() and not (ROOT / ".lab").exists()
