"""The command `lab new`: the only one that needs no workspace, because it makes one."""

import click

from lab.cli import output
from lab.cli.command import json_option
from lab.operations import find_library


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--author", is_flag=True, help="Also copy the fixes, the probes and lab.toml, to change them.")
@json_option
@click.pass_context
def new(context: click.Context, folder: str, author: bool, as_json: bool) -> None:
    """Make a workspace in the folder DIR, with the code as shipped.

    DIR must be empty or not exist. It gets a git repository with one commit, if git is installed. The fixes
    and probes stay in the installation; with --author, DIR has a copy of them, which is used with
    lab --library DIR. If the files to copy are in a git repository, they are copied as last committed.

    Example: lab new ~/my-lab
    """
    from pathlib import Path

    from lab.cli import lifecycle_views
    from lab.operations.new import new_workspace

    library = find_library(context.find_root().params.get("library"))
    output.result(new_workspace(Path(folder), library, author=author), as_json, lifecycle_views.new)
