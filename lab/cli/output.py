"""The one place that prints: results on standard output, progress and warnings on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from lab.operations import to_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from lab.operations import Update

T = TypeVar("T")


def emit(value: T, as_json: bool, render: Callable[[T], RenderableType]) -> None:
    """Print the value as one JSON document, or as `render` shows it to a person."""
    if as_json:
        print(to_json(value, indent=2))
    else:
        show(render(value))


def lines(value: T, as_json: bool, render: Callable[[T], Iterable[str]]) -> None:
    """As `emit`, for what a person reads as lines of plain text: rich, which is slow to load, is not."""
    if as_json:
        print(to_json(value, indent=2))
    else:
        for text in render(value):
            print(text)


def show(renderable: RenderableType) -> None:
    """Print one renderable; a pipe gets plain text that is never cut to a width."""
    console = _console(sys.stdout)
    with console.capture() as text:  # written by us: rich makes a reader that has gone exit code 1
        console.print(renderable, soft_wrap=not sys.stdout.isatty())
    print(text.get(), end="")


def line(text: str = "") -> None:
    """Print one line of text as it is: no markup, no wrapping."""
    print(text)


def note(text: str) -> None:
    """Say something beside the result."""
    print(text, file=sys.stderr)


@contextmanager
def progress() -> Iterator[Callable[[Update], None]]:
    """Show stages: a bar on a terminal, else one line a stage."""
    if not sys.stderr.isatty():
        yield _plain_stages()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console(sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=None)
        current = ""

        def tell(stage: Update) -> None:
            nonlocal task, current
            if stage.text != current:
                bar.remove_task(task)
                current, task = stage.text, bar.add_task(stage.text, total=stage.total or None)
            bar.update(task, completed=stage.done, total=stage.total or None)

        yield tell


def _plain_stages() -> Callable[[Update], None]:
    said: set[str] = set()

    def tell(stage: Update) -> None:
        if stage.text not in said:
            said.add(stage.text)
            print(f"{stage.text} …", file=sys.stderr)

    return tell


def _console(stream: Any) -> Console:
    from rich.console import Console

    # A pipe has no width: whoever reads it wants a record on one line.
    width = None if stream.isatty() else 240
    return Console(file=stream, highlight=False, markup=False, width=width)
