"""Read the submissions in `corner/`, and put one into a workspace and take it back.

A submission is a folder with `submission.toml`, which names

    does                 what it does, in a sentence
    where                where it acts
    must_not_gain        what it must not gain
    seen_by              how a test can see a gain
    levels               the levels of walls at which it must gain nothing
    bugs                 the bugs to measure
    verdicts             "same" as of the shipped code (default), "not fixed", "not fixed or noted", "any"
    runs                 false if it tells of no run: its code may never be executed
    uses                 patches in `shared/`
    links                symbolic links, and where they lead
    gains_without_walls  whether it gains something from a `lab check` without walls

and what it puts into the workspace: `attack.py`, run at the start of each service; `migration.py`, a revision
0003; `workspace/`, files over the shipped ones. There `dot_lab` is `.lab`, which git ignores, and a last
`.txt` is left out, because pytest would run a file named conftest.py. In all of them @NAME@ stands for a fact
of the test, such as @OUTSIDE@.
"""

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lab.shell import run

FOLDER = Path(__file__).parent
CORNER = FOLDER / "corner"
SHARED = FOLDER / "shared"
MODULES = ("accomplice.py", "hiding.py")
SERVICES = ("device_service", "workflow_service")
PATCHES = {"locks": "app/device_service/queries.py", "hides": "app/workflow_service/queries.py"}
"""The file that each patch in `shared/` changes."""

HOOKS = {
    "from app.common": "from app import accomplice, attack  # noqa: F401\nfrom app.common",
    "    serve(create_app": "    accomplice.report()\n    serve(create_app",
}
NO_ATTACK = '"""Nothing."""\n'

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Submission:
    folder: Path
    does: str
    where: str
    must_not_gain: str
    seen_by: str
    levels: list[str]
    bugs: list[int]
    gains_without_walls: bool
    verdicts: str = "same"
    runs: bool = True
    uses: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    def files(self, facts: Facts) -> Iterator[tuple[str, str]]:
        """The path in the workspace and the text of each file that it brings."""
        for name in MODULES:
            yield f"app/{name}", filled((SHARED / name).read_text(), facts)
        places = {"attack.py": "app/attack.py", "migration.py": "migrations/versions/0003_hostile.py"}
        for name, place in places.items():
            if (self.folder / name).exists():
                yield place, filled((self.folder / name).read_text(), facts)
            elif name == "attack.py":
                yield place, NO_ATTACK
        root = self.folder / "workspace"
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            place = path.relative_to(root).as_posix().replace("dot_lab/", ".lab/").removesuffix(".txt")
            if "__pycache__" not in place:
                yield place, filled(path.read_text(), facts)


def read(folder: Path) -> Submission:
    return Submission(folder, **tomllib.loads((folder / "submission.toml").read_text(encoding="utf-8")))


def submissions() -> list[Submission]:
    return [read(path.parent) for path in sorted(CORNER.glob("*/submission.toml"))]


def filled(text: str, facts: Facts) -> str:
    """The text with the facts in it."""
    text = text.replace('"@FACTS@"', repr(json.dumps(facts)))
    for name, value in facts.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    return text


@contextmanager
def submitted(one: Submission, root: Path, facts: Facts) -> Iterator[None]:
    """The workspace in `root` with the submission in it, for the length of the block.

    Afterwards each file is as before, and those that were not there are gone.
    """
    kept = root.parent / f"{root.name}-kept"
    changed: list[str] = []
    try:
        for place, text in one.files(facts):
            _move_away(root, kept, place, changed)
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(text, encoding="utf-8")
            (root / place).chmod(0o755)
        for place, edit in _edits(one):
            _move_away(root, kept, place, changed)
            shutil.copy2(kept / place, root / place)
            edit(root, place)
        for place, target in one.links.items():
            _move_away(root, kept, place, changed)
            (root / place).symlink_to(filled(target, facts))
        yield
    finally:
        for place in reversed(changed):
            _put_back(root, kept, place)
        shutil.rmtree(kept, ignore_errors=True)


def _edits(one: Submission) -> Iterator[tuple[str, Callable[[Path, str], None]]]:
    for service in SERVICES:
        yield f"app/{service}/__main__.py", _hook
    for patch in one.uses:
        yield PATCHES[patch], partial(_apply, SHARED / f"{patch}.patch")


def _hook(root: Path, place: str) -> None:
    """Run `attack.py` at the start of the service."""
    text = (root / place).read_text()
    for old, new in HOOKS.items():
        assert old in text, f"{place} does not hold {old!r}"
        text = text.replace(old, new)
    (root / place).write_text(text)


def _apply(patch: Path, root: Path, _: str) -> None:
    ceiling = {"GIT_CEILING_DIRECTORIES": str(root.parent)}
    finished = run(["git", "apply", "--whitespace=nowarn", patch], cwd=root, env=ceiling)
    assert finished.code == 0, finished.stderr.decode()


def _move_away(root: Path, kept: Path, place: str, changed: list[str]) -> None:
    assert place not in changed, f"{place} is changed twice"
    changed.append(place)
    (kept / place).parent.mkdir(parents=True, exist_ok=True)
    if (root / place).is_symlink() or (root / place).exists():
        (root / place).rename(kept / place)


def _put_back(root: Path, kept: Path, place: str) -> None:
    target = root / place
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    folder = target.parent
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
    if (kept / place).is_symlink() or (kept / place).exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        (kept / place).rename(target)
