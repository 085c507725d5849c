"""The only module that prints: results on standard output, messages and progress on standard error."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, TextIO, TypeVar

from lab.cli.tables import Diff, Markdown, Verbatim
from lab.operations import to_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from lab.operations import Progress, Update

T = TypeVar("T")

PIPE_WIDTH = 240
"""The width of tables in a pipe or a file, in characters: wide, so that each row stays on one line."""

TRAILING_SPACES = re.compile(r" +$", re.MULTILINE)
COLOURS = {
    "red": "color(196)",
    "green": "color(28)",
    "yellow": "color(130)",
    "cyan": "color(31)",
    "magenta": "color(133)",
    "dim": "color(243)",
    "bar.back": "color(246)",
    "progress.elapsed": "color(31)",
}
"""Colours of texts with a contrast of 3.5:1 or more on white and on dark grey (#1e1e1e), and so on black."""


def result(value: T, as_json: bool, view: Callable[[T], Iterable[RenderableType]]) -> None:
    """Print the value as one JSON document, or without `as_json` the texts and tables that `view` yields."""
    if as_json:
        print(to_json(value, indent=2))
        return
    for part in view(value):
        if isinstance(part, Diff | Markdown) and sys.stdout.isatty():
            _print_rich(_for_reading(part))
        else:
            print(_fitted(part, sys.stdout)) if isinstance(part, str) else _print_rich(part)


def line(text: str, *, flush: bool = False) -> None:
    """Print one line of a result. With `flush`, the line is written at once also to a pipe."""
    print(text, flush=flush)


def message(text: str) -> None:
    """Print a message that is not part of a result, on standard error, unless that cannot be written."""
    with suppress(OSError):
        print(_fitted(text, sys.stderr), file=sys.stderr)


def heading(text: str) -> None:
    """Print a heading above the messages that follow, on standard error, unless that cannot be written."""
    from rich.text import Text

    with suppress(OSError):
        print(_rendered(Text(f"\n{text.upper()}", "bold"), sys.stderr), end="", file=sys.stderr)


def wait_for_enter(following: str) -> None:
    """Wait until Enter is pressed on the terminal. `following` says what comes then."""
    print(f"\nEnter: {following} ", end="", file=sys.stderr, flush=True)
    sys.stdin.readline()


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a callback that prints progress: as a bar on a terminal, otherwise as a line for each stage.

    An update with `seconds`, of a finished step, is always printed as a line.
    """
    last = ""
    with ExitStack() as stack:
        start_bar = cache(lambda: stack.enter_context(_bar()))  # some operations only report finished steps

        def report(update: Update) -> None:
            nonlocal last
            if update.seconds is not None:
                message(f"{update.text}  {update.seconds:.2f} s")
            elif sys.stderr.isatty():
                start_bar()(update)
            elif update.text != last:
                last = update.text
                message(f"{update.text} …")

        yield report


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    count = TextColumn("{task.fields[count]}", markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), count, TimeElapsedColumn())
    with Progress(*columns, console=_console(sys.stderr), transient=True) as bar:
        task = bar.add_task("", visible=False, count="")
        current = ""

        def report(stage: Update) -> None:
            nonlocal task, current
            if stage.text != current:
                bar.remove_task(task)
                current, task = stage.text, bar.add_task(stage.text, total=stage.total or None, count="")
            count = f"{stage.done:,} of {stage.total:,}" if stage.total else ""
            bar.update(task, completed=stage.done, total=stage.total or None, count=count)

        yield report


def _for_reading(text: Diff | Markdown) -> RenderableType:
    from rich.console import Group

    from lab.cli import wrapped

    return Group(*(wrapped.diff(text) if isinstance(text, Diff) else wrapped.guide(text)))


def _fitted(text: str, stream: TextIO) -> str:
    """Break lines at spaces: a terminal would break them inside words. A path stays whole, to be copied."""
    if isinstance(text, Verbatim) or not stream.isatty():
        return text
    width = os.get_terminal_size(stream.fileno()).columns
    if not width:  # it is not known
        return text
    return "\n".join(line if len(line) <= width else _broken(line, width) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    parts = textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(parts)


def _print_rich(part: RenderableType) -> None:
    print(_rendered(part, sys.stdout), end="")


def _rendered(part: RenderableType, stream: TextIO) -> str:
    console = _console(stream)
    with console.capture() as text:
        console.print(part, crop=False, soft_wrap=not stream.isatty())
    return text.get() if stream.isatty() else TRAILING_SPACES.sub("", text.get())


def _console(stream: TextIO) -> Console:
    from rich.console import Console
    from rich.theme import Theme

    class OwnConsole(Console):
        def on_broken_pipe(self) -> None:
            # It is called too when rich flushes what we printed before. Its own method exits with code 1.
            raise BrokenPipeError

    width = None if stream.isatty() else PIPE_WIDTH
    return OwnConsole(file=stream, highlight=False, markup=False, width=width, theme=Theme(COLOURS))
