"""The text of one file with its syntax tree, and edits of the text at the position of a node."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` up to `end` with `after`."""

    operator: str
    start: int
    end: int
    after: str


class Source:
    """A file's text, its tree, and the parent of each node."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self._lines = [line.encode() for line in text.splitlines(keepends=True)]
        self._starts = [0, *accumulate(len(line.decode()) for line in self._lines)]

    def ancestors(self, node: ast.AST) -> list[ast.AST]:
        """Return the node and all that it is in, the innermost first."""
        found = [node]
        while (parent := self.parents.get(found[-1])) is not None:
            found.append(parent)
        return found

    def start(self, node: ast.AST) -> int:
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.AST) -> int:
        return self._offset(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.AST) -> str:
        return self.text[self.start(node) : self.end(node)]

    def line(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of an offset, both from 1."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def replace(self, operator: str, node: ast.AST, after: str) -> Edit:
        return Edit(operator, self.start(node), self.end(node), after)

    def between(self, operator: str, left: ast.AST, right: ast.AST, old: str, new: str) -> Edit:
        """Replace the word or sign `old`, which is between two nodes and stands there once."""
        start = self.end(left)
        gap = self.text[start : self.start(right)]
        words = re.escape(old).replace(r"\ ", r"\s+")
        pattern = rf"\b{words}\b" if old[0].isalpha() else words
        (found,) = re.finditer(pattern, gap)
        return Edit(operator, start + found.start(), start + found.end(), new)

    def drop(self, operator: str, items: Sequence[tuple[int, int]], index: int) -> Edit:
        """Remove one of several items, given by start and end, with one of the separators beside it."""
        start, end = items[index]
        if index + 1 < len(items):
            return Edit(operator, start, items[index + 1][0], "")
        if index:
            return Edit(operator, items[index - 1][1], end, "")
        comma = re.match(r"\s*,", self.text[end:])
        return Edit(operator, start, end + (comma.end() if comma else 0), "")

    def apply(self, edit: Edit) -> str:
        return self.text[: edit.start] + edit.after + self.text[edit.end :]

    def _offset(self, line: int, column: int) -> int:
        """Turn a position of `ast`, whose columns count bytes, into an offset in characters."""
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())
