"""Files of a library or a workspace, read as git has committed them, or as they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import git, handouts
from lab.catalog.unified_diff import blob_id
from lab.errors import LabError


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the code: its content, and whether it is executable. Of a link, the content is its target."""

    content: bytes
    executable: bool = False
    is_link: bool = False


def read_tree(root: Path, names: Sequence[str]) -> Mapping[PurePosixPath, SourceFile]:
    """Return the files of these folders and files below `root`, by their paths.

    They are as the last commit has them if it has all of the names, else as they are.

    Raises:
        OSError: one of the names is missing, or a file cannot be read.
    """
    committed = _committed(root, names)
    if committed is not None:
        return committed
    for name in names:
        (root / name).stat()  # raises if it is missing
    paths = (path for path in paths_below(root, names) if not (root / path).is_symlink())
    return {path: _present(root / path) for path in paths}


def blobs_of(files: Mapping[PurePosixPath, SourceFile]) -> dict[PurePosixPath, str]:
    """Return the git blob id of each file by its path."""
    return {path: blob_id(file.content) for path, file in files.items()}


def paths_below(root: Path, names: Sequence[str]) -> Iterator[PurePosixPath]:
    """Yield the path of every file in these folders and files below `root`. Links are not followed."""
    for name in names:
        top = root / name
        is_folder = top.is_dir() and not top.is_symlink()
        for path in sorted(top.rglob("*")) if is_folder else [top]:
            if (path.is_symlink() or path.is_file()) and "__pycache__" not in path.parts:
                yield PurePosixPath(path.relative_to(root).as_posix())


def _present(file: Path) -> SourceFile:
    return SourceFile(file.read_bytes(), bool(file.stat().st_mode & 0o100))


def _committed(root: Path, names: Sequence[str]) -> dict[PurePosixPath, SourceFile] | None:
    """Return the files as the last commit has them, or the first one of a handout.

    None if it lacks one of the names, or there is no commit.

    Raises:
        EnvironmentFault: there is a repository, but git is missing.
    """
    found: dict[PurePosixPath, SourceFile] = {}
    try:
        commit = git.first_commit(root) if handouts.mark_of(root) else "HEAD"
        for entry in git.committed_files(root, *names, commit=commit):
            if (text := _committed_text(root, entry)) is None:
                return None
            found[entry.path] = SourceFile(text, entry.executable)
    except LabError:
        if any((folder / ".git").exists() for folder in (root, *root.parents)):
            raise  # the files may have edits that are not committed
        return None
    present = {str(part) for path in found for part in (path, *path.parents)}
    return found if present.issuperset(names) else None


def _committed_text(root: Path, entry: git.CommittedFile) -> bytes | None:
    file = root / entry.path
    if file.is_file() and blob_id(present := file.read_bytes()) == entry.blob:
        return present
    return git.read_blob(root, entry.blob)
