"""Search a handout, every byte of it, for what would give a chosen bug's cause or repair away."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.catalog import Fix
from lab.engine.patches import ShippedTexts
from lab.library import Library
from lab.probing.evidence import Verdict
from lab.scorecard.rubric import read_rubric
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT

LEAST = 20
"""Characters: what is shorter could stand anywhere by chance."""


def leaks(root: Path, chosen: Sequence[Fix], built_in: Sequence[Fix]) -> list[str]:
    """What of the chosen bugs' repairs is in the folder, its git objects included, and where."""
    contents = dict(_contents(root))
    allowed = _allowed(chosen, built_in)
    found = []
    for fix in chosen:
        for piece in sorted(set(_give_aways(fix))):
            if piece in allowed:
                continue
            found += [
                f"{fix.number}: {piece!r} in {name}" for name, text in contents.items() if piece in text
            ]
    for text in _rubric():
        found += [f"the rubric: {text!r} in {name}" for name, content in contents.items() if text in content]
    for name, text in contents.items():
        if not name.startswith("lab/") and not name.startswith("object"):
            words = set(re.findall(r"[a-z_]+", name.lower()))
            found += [f"{verdict} in the name {name}" for verdict in _verdicts() if verdict in words]
            found += [f"{verdict} in {name}" for verdict in _verdicts() if f'"{verdict}"' in text]
        found += [f"{place} in {name}" for place in _places() if place in text]
    return found


def _rubric() -> list[str]:
    """What each line of the rubric asks, and its anchors."""
    rubric = read_rubric(Library(PROJECT).rubric)
    assert rubric is not None
    return [text for line in rubric.lines for text in (line.asks, *line.anchors.values())]


def _verdicts() -> list[str]:
    return [verdict.value for verdict in Verdict if verdict.fails_check]


def _places() -> list[str]:
    return [str(PROJECT), str(Path.home()) + "/"]


def _contents(root: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of every file and of every object of git."""
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        yield path.relative_to(root).as_posix(), path.read_bytes().decode(errors="replace")
    listed = run(["git", "-C", root, "cat-file", "--batch-all-objects", "--batch"])
    assert listed.code == 0, listed.stderr.decode()
    objects = io.BytesIO(listed.stdout)
    while head := objects.readline():
        name, kind, size = head.decode().split()
        yield f"object {name} ({kind})", objects.read(int(size)).decode(errors="replace")
        objects.readline()


def _allowed(chosen: Sequence[Fix], built_in: Sequence[Fix]) -> str:
    """What is no give-away: the code as shipped, what is built in, what a feature must do, and lab's own."""
    texts = ShippedTexts(Workspace(PROJECT))
    parts = [fix.spec for fix in chosen]
    for fix in built_in:
        parts += [file.apply(texts.get(file)).decode() for file in fix.files]
        parts.append((fix.folder / "migration.py").read_text())
    listed = run(["git", "-C", PROJECT, "ls-files", "app", "compose", "migrations", "seed", "lab"]).stdout
    parts += [(PROJECT / name).read_text(errors="replace") for name in listed.decode().splitlines()]
    return "\n".join(parts)


def _give_aways(fix: Fix) -> Iterator[str]:
    """The identifiers, literals and lines of the fixed text and the migration; the hints and the guide."""
    texts = ShippedTexts(Workspace(PROJECT))
    fixed = [(file.path.suffix, file.apply(texts.get(file)).decode()) for file in fix.files]
    for suffix, text in (*fixed, (".py", (fix.folder / "migration.py").read_text())):
        yield from _pieces(line.strip() for line in text.splitlines())
        if suffix == ".py":
            tokens = tokenize.generate_tokens(io.StringIO(text).readline)
            yield from _pieces(
                token.string for token in tokens if token.type in {tokenize.NAME, tokenize.STRING}
            )
    yield from fix.hints
    yield from _pieces(line.strip() for line in fix.guide.splitlines())
    yield from _pieces([fix.title])


def _pieces(texts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (text for text in texts if len(text) >= LEAST)
