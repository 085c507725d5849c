"""Read one folder of the library and find every mistake in its files."""

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lab.catalog.fields import FieldReader
from lab.catalog.fix import Fix
from lab.catalog.revision_file import check_revision, does_nothing
from lab.catalog.unified_diff import DoesNotApply, FileDiff, InvalidDiff, parse

FOLDER = re.compile(r"(\d{2,})_([a-z][a-z0-9_]*)")
FILES = ("fix.toml", "migration.py", "code.patch", "guide.md")
SPEC = "spec.md"
"""What a feature must do, for those who build it. Only a feature has one."""

FindShipped = Callable[[PurePosixPath, str], bytes | None]
"""Returns the shipped text of a file, given its path and its blob id; None if it cannot be found."""


class FolderReader:
    """Reads one folder and collects its mistakes, each as `file: key: problem`, in `problems`."""

    def __init__(self, folder: Path, probes: Path, services: Sequence[str], shipped: FindShipped) -> None:
        self.folder = folder
        self.probes = probes
        self.services = services
        self.shipped = shipped
        self.problems: list[str] = []

    def read(self) -> Fix | None:
        """Return the fix; None if there are `problems`."""
        named = FOLDER.fullmatch(self.folder.name)
        if named is None:
            self.problems.append("the folder's name is not NN_slug (two digits, then a-z, 0-9 and _)")
        present = {path.name for path in self.folder.iterdir()} - {"__pycache__"}
        self.problems += [f"{name}: missing" for name in FILES if name not in present]
        self.problems += [f"{name}: a stray file" for name in sorted(present.difference((*FILES, SPEC)))]
        number, slug = (int(named[1]), named[2]) if named else (0, self.folder.name)
        fields = self._fields(number, slug) if "fix.toml" in present else None
        if "migration.py" in present:
            self.problems += check_revision(self.folder / "migration.py", f"fix_{number}", f"fix{number}")
        files = self._patch() if "code.patch" in present else ()
        if "guide.md" in present:
            guide = self._text("guide.md")
            if not guide.strip() or "TODO" in guide:
                self.problems.append("guide.md: not filled in")
        if fields is None or self.problems:
            return None
        changes_schema = not does_nothing(self.folder / "migration.py")
        return Fix(**fields, folder=self.folder, files=files, changes_schema=changes_schema)

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}: cannot be read: {error}")
            return "unreadable"

    def _fields(self, number: int, slug: str) -> dict[str, Any] | None:
        before = len(self.problems)
        text = self._text("fix.toml")
        if len(self.problems) > before:
            return None
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(f"fix.toml: {error}")
            return None
        probe = probe_file(self.probes, slug)
        has_probe = probe is not None
        if probe is not None and "TODO" in probe.read_text(encoding="utf-8", errors="replace"):
            self.problems.append(f"{probe.relative_to(self.probes.parent)}: not filled in")
        if has_probe != ("probe" in raw):
            key = "missing, but there is" if has_probe else "given, but there is no"
            self.problems.append(f"fix.toml: probe: {key} probes/{slug}.py")
        return FieldReader(raw, self.services, self.problems).read(number, slug)

    def _patch(self) -> tuple[FileDiff, ...]:
        try:
            files = parse((self.folder / "code.patch").read_bytes())
        except InvalidDiff as error:
            self.problems += [f"code.patch: {problem}" for problem in error.problems]
            return ()
        for file in files:
            text = b"" if file.is_new else self.shipped(file.path, file.old_blob)
            if text is None:
                self.problems.append(
                    f"code.patch: {file.path}: the text that it was made from, blob {file.old_blob[:10]},"
                    " is not the shipped one; make the patch again from the shipped text"
                )
                continue
            try:
                file.apply(text)
            except DoesNotApply as error:
                self.problems.append(f"code.patch: does not apply to the shipped code: {error}")
        return files


def probe_file(probes: Path, slug: str) -> Path | None:
    """Return the file of this bug's probe: `<slug>.py` or `<slug>/__init__.py`; None if there is none."""
    found = (probes / f"{slug}.py", probes / slug / "__init__.py")
    return next((path for path in found if path.is_file()), None)
