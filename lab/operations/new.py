"""Make a workspace of the library's code. Only an author gets a copy of the fixes and probes."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab import __version__, git, shipped
from lab.errors import EnvironmentFault, LabError, Refused
from lab.library import Library
from lab.profile import Profile, read_profile
from lab.source_files import SourceFile, read_tree
from lab.workspace import Workspace, require_supported_path

AUTHORS = ("lab.toml", "fixes", "probes", "docs/probes.md", "docs/glossary.md")
"""What an author gets of the library too, where it has it."""


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A workspace that was made, and how many files it has.

    `library` is the folder itself if it was made for an author, else None. `problem` says why there is no git
    repository with a commit of it; it is empty if there is.
    """

    root: Path
    files: int
    library: Path | None
    problem: str


def new_workspace(folder: Path, library: Library, *, author: bool = False) -> NewWorkspace:
    """Make a workspace in `folder`, which must be empty or not exist, with a git repository of its own.

    If git has committed all of the library's files, they are copied as committed, else as they are. After an
    error, nothing is left of it.

    Raises:
        Refused: the folder is not empty, or is a file.
        InvalidFile: the library's lab.toml cannot be used.
        EnvironmentFault: no lab can run at that path, or a file cannot be read or written.
    """
    root = folder.resolve()
    require_supported_path(Workspace(root, library))
    require_empty(root)
    profile = read_profile(library.profile)
    made = Workspace(root, Library(root) if author else library)
    try:
        files = _files_of(library, profile, author)
        with empty_after_an_error(root):
            write_files(root, files)
            problem = _commit(root)
            shipped.keep(made)  # now: the library may have another version when the lab is first started
    except OSError as error:
        raise EnvironmentFault(
            f"The workspace {root} cannot be made: {error.strerror}: {error.filename}.",
            "Check the disk and the folder's permissions.",
        ) from error
    return NewWorkspace(root, len(files), root if author else None, problem)


def require_empty(root: Path) -> None:
    """Raises Refused if it is a file or a folder that is not empty, EnvironmentFault if it cannot be read."""
    remedy = "Nothing was changed. Name a folder that is empty or does not exist."
    try:
        if next(root.iterdir(), None) is not None:
            raise Refused(f"{root} is not empty.", remedy)
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise Refused(f"{root} cannot become a folder: a file is there.", remedy) from error
    except OSError as error:
        raise EnvironmentFault(f"{root} cannot be read: {error.strerror}.") from error


def _files_of(library: Library, profile: Profile, author: bool) -> Mapping[str, SourceFile]:
    """Return the files of the new workspace by their paths. Raises OSError."""
    names = [*profile.folders, *profile.files, *profile.extra_files]
    if author:
        names += [name for name in AUTHORS if (library.root / name).exists()]
    files = {str(path): file for path, file in read_tree(library.root, names).items()}
    code = ", ".join(f"`{name}`" for name in (*profile.folders, *profile.files))
    readme = README.format(version=__version__, code=code) + (AUTHORS_README if author else "")
    files |= {"README.md": SourceFile(readme.encode()), ".gitignore": SourceFile(GITIGNORE.encode())}
    if author:
        files["tests/answers/README.md"] = SourceFile(ANSWERS_README.encode())
    return files


@contextmanager
def empty_after_an_error(root: Path) -> Iterator[None]:
    """After an error in the block, delete what is in the folder, and the folder if it did not exist."""
    existed = root.exists()
    try:
        yield
    except BaseException:
        _empty(root)
        if not existed:
            with suppress(OSError):
                root.rmdir()
        raise


def write_files(root: Path, files: Mapping[str, SourceFile]) -> None:
    """Write the files, by their paths below `root`. Raises OSError."""
    root.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o777 if file.executable else 0o666)  # less what the umask forbids
        path.write_bytes(file.content)


def _commit(root: Path) -> str:
    """Commit the folder. Return why that failed, with no repository left; empty if it did not."""
    try:
        git.commit_folder(root, f"Workspace of lab {__version__}")
    except LabError as error:
        shutil.rmtree(root / ".git", ignore_errors=True)
        return error.message
    return ""


def _empty(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


GITIGNORE = ".lab/\n.venv/\n__pycache__/\n"

README = """\
# A lab

Code with bugs, on a real PostgreSQL database. `lab new` made this folder (lab {version}). The code to repair:
{code}.

```sh
lab up        # start the database and the services
lab status    # what runs, and what has crashed
lab check     # after an edit: measure every symptom
lab --help    # all commands
```

While the lab is up, `alembic` and `lab psql` need no configuration in this folder. `lab reset --code`
restores the code and saves your edits as a patch; `lab down --destroy` deletes the database.
"""
AUTHORS_README = """
## The library

This folder is a library too: it has the fixes, their probes and `lab.toml`. `lab` uses it only if you name
it, with `lab --library DIR` or the variable `LAB_LIBRARY`; without either, it uses the library of its
installation. `lab fix new SLUG` begins a fix, `lab fix verify N` proves it.
"""
ANSWERS_README = """\
# Answers

`N/right_<what>/` holds another way to fix bug N, `N/wrong_<what>/` what looks right and is not:
`answer.patch`, and `migration.py` where the schema changes. `lab fix new` makes the folder of a new bug.
"""
