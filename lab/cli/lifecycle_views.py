"""What `new`, `up`, `down` and `reset` print for people."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from lab.cli.tables import Verbatim
from lab.operations import is_handout
from lab.sentences import fixes_are

if TYPE_CHECKING:  # `lab reset` is faster without the modules of `lab up`
    from rich.console import RenderableType

    from lab.operations.down import Down
    from lab.operations.new import NewWorkspace
    from lab.operations.reset import Reset
    from lab.operations.restore_code import RestoredCode
    from lab.operations.up import Up


def new(done: NewWorkspace) -> Iterator[str]:
    yield f"Made a workspace of {done.files} files in {done.root}."
    if done.problem:
        yield f"It is in no git repository: {done.problem}"
    folder = quote(str(done.root))
    if done.library is None:
        yield f"Start it: cd {folder} && lab up"
    else:
        yield f"It is a library too. Name it in each command, or once: export LAB_LIBRARY={folder}"
        yield f"Start it: cd {folder} && lab --library {folder} up"


def up(done: Up) -> Iterator[RenderableType]:
    from lab.cli import inspect_views

    yield from inspect_views.status(done.status)
    if done.note:
        yield f"\n{done.note}"
    if done.code is not None:
        yield "\nThe code is that of this version again."
        yield from _saved(done.code)
    yield f"\nThe lab is up{', with a new database' if done.seeded else ''} ({done.seconds:.1f} s)."


def down(done: Down) -> Iterator[str]:
    stopped = [*done.services, *(["the database"] if done.database else [])]
    text = f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running."
    if done.left:
        data = (
            f"The data in this folder is deleted. The database {done.left} and its template are not: "
            "their server does not answer. When it does: LAB_DATABASE_URL=… lab down --destroy"
        )
    elif done.destroyed:
        data = "The data is deleted."
    else:
        data = "The data is kept. Start again: lab up"
    yield f"{text} {data}"


def reset(done: Reset) -> Iterator[str]:
    if done.recovered:
        yield f"First ended an interrupted change. {fixes_are(done.recovered)} not applied."
    yield f"The database has its original rows again, at revision {done.revision} ({done.seconds:.2f} s)."
    if done.has_own_migrations:
        yield "The schema of your own migrations is made again by: alembic upgrade head"
    if done.fixes and is_handout():
        yield "What your interviewer applied is kept."
    elif done.fixes:
        yield f"Still applied: fix {', '.join(map(str, done.fixes))}."
    if done.code is not None and done.code.patch is None:
        yield "The code was already as shipped."
    elif done.code is not None:
        yield f"Restored the shipped code: {', '.join(map(str, done.code.changed))}."
        yield from _saved(done.code)


def _saved(code: RestoredCode) -> Iterator[str]:
    if code.patch is not None:
        yield Verbatim(f"Your edits are saved. To get them back: git apply {quote(str(code.patch))}")
