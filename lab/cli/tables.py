"""Tables and coloured text for a terminal.

rich is slow to import. The first call here imports it: commands that print only plain text do without.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType as RenderableType
    from rich.table import Table
    from rich.text import Text as Text
else:  # for the annotations of the views
    RenderableType = Text = object


def table(*columns: str, unwrapped: Collection[str] = ()) -> Table:
    """Return an empty table. Cells of the columns in `unwrapped` stay on one line on a narrow terminal."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in unwrapped)
    return made


def coloured(text: str, style: str) -> Text:
    """Return the text in a style of rich, such as "red"."""
    from rich.text import Text

    return Text(text, style)
