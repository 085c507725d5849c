"""Text whose long lines continue with a hanging indent on a terminal: guides, diffs, SQL and plans."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from lab.cli.guide_text import Kind, blocks

FURTHER = 4
"""How much further the rest of a line of code is indented than its beginning."""

HEADS = ("diff ", "index ", "--- ", "+++ ", "new file")
DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class Hanging:
    """A line. On a terminal it is broken at spaces, and its rest is indented; in a pipe it stays whole."""

    text: str
    indent: int = 0
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [self.text]
        if console.is_terminal and len(self.text) > options.max_width:
            indent = " " * min(self.indent, options.max_width // 2)
            lines = textwrap.wrap(
                self.text, options.max_width, subsequent_indent=indent, break_on_hyphens=False
            )
        yield from (Text(line, self.style) for line in lines)


def guide(markdown: str) -> Iterator[Hanging]:
    """Return the blocks of a guide, with empty lines between them but not between the items of a list."""
    last: Kind | None = None
    for block in blocks(markdown):
        if last is not None and not (block.kind is last and block.mark):
            yield Hanging("")
        last = block.kind
        if block.kind is Kind.CODE:
            yield from code(block.text)
        else:
            style = "bold" if block.kind is Kind.HEADING else ""
            yield Hanging(block.mark + block.text, len(block.mark), style)


def code(text: str) -> Iterator[Hanging]:
    """Return the lines of SQL or of a plan."""
    for line in text.splitlines():
        yield Hanging(line, len(line) - len(line.lstrip()) + FURTHER)


def diff(text: str) -> Iterator[Hanging]:
    """Return the lines of a diff in colours, without the hashes of blobs, which say nothing to a reader."""
    for line in text.splitlines():
        if not line.startswith("index "):
            yield Hanging(line, len(line) - len(line[1:].lstrip()) + FURTHER, diff_style(line))


def diff_style(line: str) -> str:
    """Return the style of one line of a diff."""
    return "bold" if line.startswith(HEADS) else DIFF_STYLES.get(line[:1], "")
