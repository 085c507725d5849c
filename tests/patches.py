"""Make, in a test, what an author makes with `git diff --full-index`."""

from collections.abc import Mapping
from difflib import unified_diff

from lab.catalog.unified_diff import NO_BLOB, blob_id


def make_patch(changes: Mapping[str, tuple[bytes | None, bytes]]) -> bytes:
    """A diff in git's form for each path: (before, after), before None for a new file."""
    return b"".join(_file(path, before, after) for path, (before, after) in changes.items())


def _file(path: str, before: bytes | None, after: bytes) -> bytes:
    old = NO_BLOB if before is None else blob_id(before)
    head = f"diff --git a/{path} b/{path}\n" + ("new file mode 100644\n" if before is None else "")
    head += f"index {old}..{blob_id(after)}" + ("\n" if before is None else " 100644\n")
    head += f"--- {'/dev/null' if before is None else 'a/' + path}\n+++ b/{path}\n"
    body = []
    lines = unified_diff(_lines(before or b""), _lines(after))
    for line in list(lines)[2:]:
        body.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return head.encode() + "".join(body).encode("latin-1")


def _lines(text: bytes) -> list[str]:
    *whole, rest = text.decode("latin-1").split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])
