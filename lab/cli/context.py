"""What every command shares: the workspace that it was started in, found when first asked for."""

from pathlib import Path

import click

from lab.operations import Workspace, find_workspace


def workspace(ctx: click.Context) -> Workspace:
    """The workspace at or above the folder given by `-C`, else the current one.

    Raises:
        UsageError: there is none.
    """
    root = ctx.find_root()
    if "workspace" not in root.meta:
        root.meta["workspace"] = find_workspace(Path(root.params.get("directory") or "."))
    found: Workspace = root.meta["workspace"]
    return found
