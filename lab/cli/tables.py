"""Tables, coloured text and text that is to be copied, for a terminal.

rich is slow to import, so the functions here import it when they are called. Plain text needs no rich.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


class Verbatim(str):
    """Text to be copied, such as a diff, SQL or a URL. On a terminal, no line breaks are added to it."""

    __slots__ = ()


class Diff(Verbatim):
    """A unified diff. A pipe or a file gets it as it is; a terminal shows it in colours, for reading."""

    __slots__ = ()


class Markdown(str):
    """The text of a guide. A pipe or a file gets it as it is; a terminal shows it in lines that fit."""

    __slots__ = ()


def table(*columns: str, unwrapped: Collection[str] = ()) -> Table:
    """Return a table without rows. On a narrow terminal, cells of the `unwrapped` columns are not wrapped."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in unwrapped)
    return made


def coloured(text: str, style: str) -> Text:
    """Return the text in a style of rich, such as "red"."""
    from rich.text import Text

    return Text(text, style)
