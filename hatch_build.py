"""Put the library into the wheel, as `lab/_content`. An editable install uses the checkout's own files."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Content(BuildHookInterface[Any]):
    """Adds the files and folders that pyproject.toml lists as `content`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            for name in self.config["content"]:
                build_data["force_include"][name] = f"lab/_content/{name}"
