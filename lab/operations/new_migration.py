"""Write the candidate's next migration: plain Alembic, numbered and formatted as the shipped ones are."""

import io
import re
import tokenize
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.database import workspace_url
from lab.engine.candidate_history import CandidateHistory, Written
from lab.engine.recorded_revisions import recorded
from lab.engine.revisions import History
from lab.errors import DatabaseUnreachable, EnvironmentFault, LabError, Refused, UsageError
from lab.files import sync_folder
from lab.lock import exclusive_lock
from lab.operations.history import candidate_history, only_head, require_known, shipped_head
from lab.operations.runtimes import require_up, runtime_of
from lab.progress import Progress, Update, silent
from lab.sentences import printable
from lab.workspace import Workspace

LARGEST = 2**20
FRACTION = re.compile(r"^(Create Date: .*?)\.\d+$", re.MULTILINE)
EMPTY_LINES = re.compile(r"\n{3,}(?=revision\b)")


@dataclass(frozen=True, slots=True)
class NewMigration:
    """The revision that was made, its parent, and its file. With `autogenerate` it may be `empty`."""

    revision: str
    parent: str
    file: Path
    autogenerate: bool
    empty: bool


def new(
    workspace: Workspace, message: str, *, autogenerate: bool = False, progress: Progress = silent
) -> NewMigration:
    """Write the next revision after the only head. With `autogenerate`, it makes the schema like the models.

    Nothing is left after an error or ^C.

    Raises:
        UsageError: the message is empty, gives no file name, or cannot stand in a text of Python.
        Refused: there are several heads, the file exists, or the database is not at the head, which
            `autogenerate` needs.
        LabError: a file of the candidate's failed; the message names file and line.
        EnvironmentFault: the lab is not up, which `autogenerate` needs, or the file cannot be written.
        Locked: another lab is changing the workspace.
    """
    text = _checked(message)
    with exclusive_lock(workspace.lock, progress=progress):
        url = _database(workspace, required=autogenerate)
        if autogenerate:
            progress(Update("Comparing the models with the database"))
        with candidate_history(workspace, url, writable=True) as candidate:
            history = candidate.read()
            head = only_head(history)
            if autogenerate:
                _require_at_head(history, recorded(url))
            before = {one.file for one in history.revisions}
            number = history.next_number(shipped_head(workspace))
            written = candidate.write(text, number, autogenerate=autogenerate)
            target = _place(workspace, written.file)
            content = _content(candidate.code, written, before)
            revision = number or _id_of(candidate, history)
        _write_new(target, in_house_style(content))
    return NewMigration(revision, head, target.relative_to(workspace.root), autogenerate, written.empty)


def in_house_style(text: str) -> str:
    """Return a revision's text as the shipped ones are: double quotes, whole seconds, one empty line.

    A text that is no Python stays as it is.
    """
    text = EMPTY_LINES.sub("\n\n", FRACTION.sub(r"\1", text, count=1), count=1)
    lines = text.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in reversed(tokens):
        (row, start), (last, end) = token.start, token.end
        inner = token.string[1:-1]
        is_plain = row == last and token.string == f"'{inner}'" and not set(inner) & set("\"'\\")
        if token.type == tokenize.STRING and is_plain:
            line = lines[row - 1]
            lines[row - 1] = f'{line[:start]}"{inner}"{line[end:]}'
    return "".join(lines)


def _checked(message: str) -> str:
    text = message.strip()
    if not text:
        raise UsageError("The message is empty.", 'Say what changes: lab migration new "add a column"')
    if not any(sign.isalnum() for sign in text):
        raise UsageError(f"{printable(text)!r} gives no file name.", "Use a word in it.")
    if not text.isprintable() or "\\" in text or '"""' in text:
        raise UsageError("The message must be one line, without a backslash and without three quotes.")
    return text


def _database(workspace: Workspace, *, required: bool) -> str:
    if required:
        runtime = runtime_of(workspace)
        require_up(runtime)
        return runtime.url
    with suppress(DatabaseUnreachable):
        return workspace_url(workspace)
    return ""


def _require_at_head(history: History, database: tuple[str, ...]) -> None:
    require_known(history, database)
    if database != history.heads:
        at = ", ".join(database) or "none"
        raise Refused(
            f"The database is at revision {at}, not at the head {history.heads[0]}, so the models cannot be "
            "compared with it.",
            "Bring it there: lab migration up",
        )


def _content(folder: Path, written: Written, before: set[str]) -> str:
    """Read what the walled process wrote. It may have written anything anywhere in the folder."""
    path = folder / written.file
    if written.file in before or path.suffix != ".py" or not path.resolve().is_relative_to(folder):
        raise LabError(f"Alembic has written no new migration, but {written.file}.")
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        raise LabError(f"What Alembic has written, {written.file}, is no file of ordinary size.")
    return path.read_text(encoding="utf-8", errors="replace")


def _id_of(candidate: CandidateHistory, history: History) -> str:
    return next(one.id for one in candidate.read().revisions if one.id not in history.ids)


def _place(workspace: Workspace, name: str) -> Path:
    target = workspace.root / name
    if not target.parent.resolve().is_relative_to(workspace.root.resolve()):
        raise Refused(f"{name} would be outside of the workspace.", "See version_locations in alembic.ini.")
    if target.exists() or target.is_symlink():
        raise Refused(f"{name} exists already.", "Move it away, or use another message.")
    return target


def _write_new(target: Path, text: str) -> None:
    """Write a file that does not exist; nothing is left of it after an error or ^C."""
    try:
        with target.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
        sync_folder(target.parent)
    except FileExistsError as error:
        raise Refused(f"{target.name} exists already.", "Move it away, or use another message.") from error
    except OSError as error:
        raise EnvironmentFault(
            f"{target} cannot be written: {error.strerror}.", "Check the disk and the folder's permissions."
        ) from error
