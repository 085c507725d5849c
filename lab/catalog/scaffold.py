"""Make the files of a new fix from the templates, which its author has to fill in."""

import re
from pathlib import Path
from string import Template

from lab.catalog.folder import FILES, FOLDER
from lab.errors import Refused, UsageError
from lab.files import write_atomic
from lab.library import Library

TEMPLATE = Path(__file__).parent / "template"


def scaffold(library: Library, slug: str) -> Path:
    """Make the folder `NN_slug` of a fix with the next free number, its probe, and a folder for answers.

    Return the fix's folder. Upper case and `-` in `slug` become lower case and `_`.

    Raises:
        UsageError: `slug` is not at most 40 of a-z, 0-9 and _, with a letter first.
        Refused: a fix or a probe has that slug, or one of the files exists.
        EnvironmentFault: a file cannot be written.
    """
    word = slug.strip().lower().replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", word):
        raise UsageError(f"{slug!r} is not a slug.", "Use at most 40 of a-z, 0-9 and _, with a letter first.")
    found = [match for path in library.fixes.glob("*") if (match := FOLDER.fullmatch(path.name))]
    taken = [library.fixes / match[0] for match in found if match[2] == word]
    if existing := taken or [path for path in library.probes.glob(f"{word}*") if path.stem == word]:
        kind = "fix" if taken else "probe"
        raise Refused(f"There is a {kind} of that name: {existing[0]}.", "Choose another slug.")
    number = max((int(match[1]) for match in found), default=0) + 1
    folder = library.fixes / f"{number:02}_{word}"
    targets = {name: folder / name for name in FILES}
    targets["probe.py"] = library.probes / f"{word}.py"
    targets["answers.md"] = library.root / "tests" / "answers" / str(number) / "README.md"
    if existing := [target for target in targets.values() if target.exists()]:
        raise Refused(f"{existing[0]} exists.", "Nothing was changed. Move it away, or choose another slug.")
    for name, target in targets.items():
        source = TEMPLATE / name
        # A template whose name ended in .py would be checked and formatted as code.
        text = (source if source.exists() else TEMPLATE / f"{name}.txt").read_text(encoding="utf-8")
        write_atomic(target, Template(text).safe_substitute(number=number, slug=word).encode())
    return folder
