"""The blocks of a guide's Markdown, each without the guide's own line breaks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

BLOCKS = re.compile(r"\n\s*\n|\n(?=[-*] |\d+\. )")
ITEM = re.compile(r"[-*] |\d+\. ")
CODE_INDENT = "    "


class Kind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    BULLET = "bullet"
    NUMBERED = "numbered"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A block; `mark` is what is before the text of a list item or heading, such as "1. "."""

    kind: Kind
    text: str
    mark: str = ""


def blocks(markdown: str) -> Iterator[Block]:
    """Return the headings, paragraphs, list items and blocks of indented code, in order."""
    for block in BLOCKS.split(markdown.strip("\n")):
        text = " ".join(block.split())
        if not text:
            continue
        if block.startswith(CODE_INDENT):
            yield Block(Kind.CODE, block.rstrip())
        elif text.startswith("#"):
            hashes, _, rest = text.partition(" ")
            yield Block(Kind.HEADING, rest, f"{hashes} ")
        elif item := ITEM.match(text):
            kind = Kind.NUMBERED if item[0][0].isdigit() else Kind.BULLET
            yield Block(kind, text[item.end() :], item[0])
        else:
            yield Block(Kind.PARAGRAPH, text)
