"""Load every folder of the library, check the fixes against each other, and select them by number or slug."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import handouts
from lab.catalog.fix import Fix
from lab.catalog.folder import FindShipped, FolderReader
from lab.catalog.unified_diff import FileDiff
from lab.errors import InvalidFile, UsageError
from lab.library import Library
from lab.profile import read_profile
from lab.sentences import closest

UNUSED = "Correct this: until then the fix is not used."
NAME_ONE = "Give a number or a slug: lab fix list shows them."
NAME_SOME = "Give numbers, slugs, a range such as 1-3, or all: lab fix list shows them."
LEAST_GAP = 3
"""Unchanged lines between the changes of any two fixes, so that these can be applied in any order."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The usable fixes, by number, and a report on each folder that cannot be used."""

    root: Path
    fixes: tuple[Fix, ...]
    broken: tuple[InvalidFile, ...]

    @property
    def measurable(self) -> tuple[Fix, ...]:
        """The fixes that have a probe, in the order in which their bugs are measured."""
        return tuple(sorted((fix for fix in self.fixes if fix.probe), key=_when))

    def get(self, number: int) -> Fix | None:
        return next((fix for fix in self.fixes if fix.number == number), None)

    def select(self, tokens: Sequence[str], noun: str = "fix") -> tuple[Fix, ...]:
        """Return the fixes named by numbers, ranges (`1-3`), slugs or `all`, each once, by rising number.

        `noun`, fix or bug, is for the messages.

        Raises:
            UsageError: a token, or a number in a range, names no fix of the library.
            InvalidFile: a token names a folder that cannot be used.
        """
        found = {fix for token in tokens for fix in self._named(token, noun, NAME_SOME)}
        return tuple(sorted(found, key=lambda fix: fix.number))

    def one(self, token: str, noun: str = "fix") -> Fix:
        """Return the fix that has this number or slug. Raises as `select`, also for a range or `all`."""
        chosen = self._named(token, noun, NAME_ONE)
        if len(chosen) != 1:
            raise UsageError(f"{token!r} does not mean one {noun}.", NAME_ONE)
        return chosen[0]

    def related(self, fixes: Sequence[Fix]) -> tuple[Fix, ...]:
        """Return these fixes, those that their `requires` names, and those whose `requires` names them."""
        numbers = {fix.number for fix in fixes}
        required = {number for fix in fixes for number in fix.requires}
        return tuple(f for f in self.fixes if f.number in numbers | required or numbers & {*f.requires})

    def _named(self, token: str, noun: str, remedy: str) -> Sequence[Fix]:
        word = token.strip().lower().replace("-", "_")
        if word == "all":
            return self.fixes
        if numbers := re.fullmatch(r"([0-9]{1,4})(?:_([0-9]{1,4}))?", word):
            first, last = int(numbers[1]), int(numbers[2] or numbers[1])
            if first <= last:
                unknown = self._unknown(token, noun, remedy)
                return [self._numbered(n, unknown) for n in range(first, last + 1)]
        for fix in self.fixes:
            if word in {fix.slug, fix.folder.name}:
                return [fix]
        for report in self.broken:
            if word in {report.path.name, report.path.name.partition("_")[2]}:
                raise report
        raise self._unknown(token, noun, remedy)

    def _numbered(self, number: int, unknown: UsageError) -> Fix:
        fix = self.get(number)
        if fix is None:
            for report in self.broken:
                if report.path.name.partition("_")[0].lstrip("0") == str(number):
                    raise report
            raise unknown
        return fix

    def _unknown(self, token: str, noun: str, remedy: str) -> UsageError:
        slugs = [fix.slug for fix in self.fixes]
        close = closest(token.replace("-", "_"), slugs)
        hint = f" Did you mean {close}?" if close else ""
        name = token if re.fullmatch("[0-9]+", token) else repr(token)
        return UsageError(f"There is no {noun} {name}.{hint}", remedy)


def load(library: Library, shipped: FindShipped) -> Catalog:
    """Read every folder of the library's fixes. `shipped` finds the text that a patch was made from.

    Raises:
        UsageError: the library has no fixes.
        InvalidFile: its lab.toml cannot be used.
    """
    root = library.fixes
    if not root.is_dir() and handouts.mark_of(library.root):  # a candidate has none
        return Catalog(root, (), ())
    if not root.is_dir():
        raise UsageError(f"There are no fixes in {library.root}.", "Name a library with --library DIR.")
    services = read_profile(library.profile).service_names
    fixes: list[Fix] = []
    broken: list[InvalidFile] = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))):
        reader = FolderReader(folder, library.probes, services, shipped)
        fix = reader.read()
        if fix is not None:
            reader.problems += _clashes(fix, fixes)
        if fix is not None and not reader.problems:
            fixes.append(fix)
        else:
            broken.append(InvalidFile(folder, reader.problems, UNUSED))
    return _check_requires(Catalog(root, tuple(sorted(fixes, key=lambda fix: fix.number)), tuple(broken)))


def _when(fix: Fix) -> tuple[bool, int]:
    return fix.probe is not None and fix.probe.last, fix.number


def _clashes(fix: Fix, others: Sequence[Fix]) -> list[str]:
    """Return why `fix` cannot be used together with the other fixes."""
    problems = [
        f"fix.toml: number: {other.folder.name} has {fix.number} too"
        for other in others
        if other.number == fix.number
    ]
    for mine in fix.files:
        for other, theirs in ((o, f) for o in others for f in o.files if f.path == mine.path):
            if mine.is_new or theirs.is_new:
                problems.append(f"code.patch: {mine.path}: {other.folder.name} makes or edits this file too")
            elif mine.old_blob != theirs.old_blob:
                problems.append(
                    f"code.patch: {mine.path}: not made from the same text as {other.folder.name}'s"
                )
            elif _gap(mine, theirs) < LEAST_GAP:
                problems.append(
                    f"code.patch: {mine.path}: keep {LEAST_GAP} unchanged lines or more from the lines that"
                    f" {other.folder.name} changes"
                )
    return problems


def _gap(one: FileDiff, other: FileDiff) -> int:
    """Return the fewest unchanged lines between a line that `one` changes and one that `other` changes."""
    return min(
        max(b - a_end, a - b_end)
        for mine in one.hunks
        for a, a_end in mine.changed
        for theirs in other.hunks
        for b, b_end in theirs.changed
    )


def _check_requires(catalog: Catalog) -> Catalog:
    """Move to `broken` each fix that requires a fix which is unusable or has no lower number."""
    for fix in catalog.fixes:
        missing = [n for n in fix.requires if catalog.get(n) is None or n >= fix.number]
        if missing:
            named = ", ".join(map(str, missing))
            problem = f"fix.toml: requires: {named}: not a usable fix of a lower number"
            report = InvalidFile(fix.folder, [problem], UNUSED)
            rest = tuple(other for other in catalog.fixes if other is not fix)
            return _check_requires(Catalog(catalog.root, rest, (*catalog.broken, report)))
    return catalog
