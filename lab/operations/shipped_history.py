"""The shipped revisions that a candidate's are on, and whether they are there as they were shipped."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import shipped
from lab.catalog.unified_diff import blob_id
from lab.operations.history import shipped_head
from lab.review.finding import Basis, Finding
from lab.review.source import read_inside
from lab.source_files import SourceFile
from lab.workspace import Workspace

REVISION = re.compile(rb"^down_revision\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ShippedHistory:
    """The revision below the candidate's, and the blob id of each shipped revision's file by its path."""

    head: str
    files: dict[str, str]


def history_below(workspace: Workspace) -> ShippedHistory:
    """Return what the workspace's own revisions are on, as its library ships it.

    Unless that library is the handout itself, what was built into a handout is not part of it.
    """
    code = {str(path): file for path, file in shipped.source(workspace).items()}
    return shipped_history(shipped_head(workspace), code)


def shipped_history(head: str, code: Mapping[str, SourceFile]) -> ShippedHistory:
    """Return the shipped history with this head: the revisions are among the files of the code."""
    python = {path: file.content for path, file in code.items() if path.endswith(".py")}
    blobs = {path: blob_id(text) for path, text in python.items() if REVISION.search(text)}
    return ShippedHistory(head, blobs)


def edited(code: Path, below: ShippedHistory, files: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each shipped revision that is not in the folder `code` as it was shipped.

    `files` are those of the revisions at or below the head: only what is in their folders is looked for.
    """
    folders = {PurePosixPath(file).parent for file in files}
    for path, blob in below.files.items():
        if PurePosixPath(path).parent not in folders:
            continue
        content = read_inside(code, path)
        if content is None or blob_id(content) != blob:
            seen = "It has run in every database already, so what is new in it exists in new databases only."
            safe = "# put it in a new revision"
            yield Finding("shipped-revision-edited", path, 0, Basis.MEASURED, seen, safe)
