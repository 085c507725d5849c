"""What the commands share: the class of the groups, the workspace, and the option --json."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lab.cli.closed_output import OutputClosed
from lab.operations import FORMATS, find_workspace

if TYPE_CHECKING:
    from lab.operations import Workspace as Workspace
else:  # for the annotations of the commands: importing it slows down lab --version
    Workspace = object

R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def format_options(*, multiple: bool) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that adds --format, as `formats`, and --course to a command that has cards."""

    def add(command: Callable[..., R]) -> Callable[..., R]:
        form = click.option(
            "--format",
            "formats" if multiple else "form",
            multiple=multiple,
            type=click.Choice(FORMATS),
            help="Also write each card in this format; may be given several times."
            if multiple
            else "Print it in this format instead.",
        )
        course = click.option(
            "--course",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The points of a course, for the formats gradescope and prairielearn.",
        )
        return form(course(command))

    return add


def candidate_options(text: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that adds --for-candidate, with this help, and --contact to a command."""

    def add(command: Callable[..., R]) -> Callable[..., R]:
        copy = click.option("--for-candidate", is_flag=True, help=text)
        contact = click.option(
            "--contact",
            metavar="TEXT",
            help="Whom a candidate asks for a correction.  [default: the person who gave the handout]",
        )
        return copy(contact(command))

    return add


class CommandGroup(click.Group):
    """A group that lists its commands in the order in which they were added, not by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises OutputClosed for a BrokenPipeError, for which click would exit with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error


def pass_workspace(command: Callable[..., R], *, optional: bool = False) -> Callable[..., R]:
    """Make `command` get the workspace as its first argument: the nearest one at or above the folder of `-C`.

    Without `-C`, it is searched from the current folder; with `optional`, the library's own folder is used if
    there is none. The command raises what `find_workspace` raises.
    """

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> R:
        given = click.get_current_context().find_root().params
        directory = given.get("directory")
        may_be_missing = optional and directory is None
        workspace = find_workspace(directory or ".", given.get("library"), optional=may_be_missing)
        return command(workspace, *args, **kwargs)

    return call


def reports(command: Callable[..., R]) -> Callable[..., R]:
    """Make `command` get the workspace, as `pass_workspace` does, and the option --json as `as_json`."""
    return json_option(pass_workspace(command))


def reports_catalog(command: Callable[..., R]) -> Callable[..., R]:
    """Do what `reports` does, for a command that reads only the library: it needs no workspace."""
    return json_option(pass_workspace(command, optional=True))
