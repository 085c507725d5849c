"""Make the folder of a new fix from the template, which its author has to fill in."""

import re
from pathlib import Path
from string import Template

from lab.catalog.folder import FILES, FOLDER
from lab.errors import Refused, UsageError
from lab.files import write_atomic

TEMPLATE = Path(__file__).parent / "template"


def scaffold(root: Path, slug: str) -> Path:
    """Make `NN_slug` in the existing folder `root`, with the next free number, and return its path.

    Upper case and `-` in `slug` become lower case and `_`.

    Raises:
        UsageError: `slug` is not at most 40 of a-z, 0-9 and _, with a letter first.
        Refused: a fix has that slug.
        EnvironmentFault: a file cannot be written.
    """
    word = slug.strip().lower().replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", word):
        raise UsageError(f"{slug!r} is not a slug.", "Use at most 40 of a-z, 0-9 and _, with a letter first.")
    found = [match for path in root.iterdir() if (match := FOLDER.fullmatch(path.name))]
    for match in found:
        if match[2] == word:
            raise Refused(f"There is a fix of that name: {root / match[0]}.", "Choose another slug.")
    number = max((int(match[1]) for match in found), default=0) + 1
    folder = root / f"{number:02}_{word}"
    for name in FILES:
        source = TEMPLATE / name
        # A template whose name ended in .py would be checked and formatted as code.
        text = (source if source.exists() else TEMPLATE / f"{name}.txt").read_text(encoding="utf-8")
        filled = Template(text).safe_substitute(number=number, slug=word)
        write_atomic(folder / name, filled.encode())
    return folder
