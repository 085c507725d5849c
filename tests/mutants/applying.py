"""Make one mistake in a workspace, or show it as a diff."""

from difflib import unified_diff
from pathlib import Path

from tests.mutants.fixed_code import fixed_files
from tests.mutants.places import Mutant


def mutated(root: Path, mutant: Mutant) -> None:
    """Change the mutant's file in `root`, a workspace with the fixed app.

    Raises:
        ValueError: the text to change is not at its place.
    """
    file = root / mutant.file
    file.write_text(changed(file.read_text(), mutant))


def diff(mutant: Mutant) -> str:
    """Return the mistake as a unified diff against the fixed app."""
    before = fixed_files()[mutant.file]
    lines = [text.splitlines(keepends=True) for text in (before, changed(before, mutant))]
    return "".join(unified_diff(*lines, f"a/{mutant.file}", f"b/{mutant.file}"))


def changed(text: str, mutant: Mutant) -> str:
    """Return the file's text with the mistake. Raises ValueError if `before` is not at its place."""
    lines = text.splitlines(keepends=True)
    start = sum(len(line) for line in lines[: mutant.line - 1]) + mutant.column - 1
    end = start + len(mutant.before)
    if text[start:end] != mutant.before:
        raise ValueError(f"{mutant.id}: {mutant.file}:{mutant.line} does not hold {mutant.before!r}")
    return text[:start] + mutant.after + text[end:]
