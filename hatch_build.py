"""Put the library into the wheel, as `lab/_content`. An editable install uses the checkout's own files."""

import subprocess
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Content(BuildHookInterface[Any]):
    """Adds the files and folders that pyproject.toml lists as `content`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        content: list[str] = self.config["content"]
        if changed := _uncommitted(self.root, content):
            # An applied fix would be shipped as the code with the bug, and so would a candidate's edits.
            raise SystemExit(f"A wheel is made from committed files only. Changed here:\n{changed}")
        for name in content:
            build_data["force_include"][name] = f"lab/_content/{name}"


def _uncommitted(root: str, names: list[str]) -> str:
    """Return the changed and added files, one on a line; empty without git, as in a source distribution."""
    command = ["git", "-C", root, "status", "--porcelain", "--", *names]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
