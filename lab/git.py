"""The only file that runs git: merge texts, read commits, compare. No configuration has a part in it.

A workspace that comes back from a candidate is not trusted: no command that its configuration names is run.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab.errors import EnvironmentFault
from lab.shell import Finished, run

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    # A missing object of a partial clone would be fetched, by whatever command the repository names.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
MOST_CONFLICTS = 127
READ = ("git", "-c", "safe.directory=*")
"""Reading an object is safe whoever owns the repository."""

DIFF = ("--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")


@dataclass(frozen=True, slots=True)
class CommittedFile:
    """One file of a commit: its path below the folder that was asked for, and its blob's id."""

    path: PurePosixPath
    blob: str
    executable: bool


def merge_file(ours: bytes, base: bytes, theirs: bytes, marker_size: int) -> Finished:
    """Run `git merge-file`: exit code 0 when it is clean, else the number of conflicts.

    Raises:
        EnvironmentFault: git is missing, or cannot merge such texts.
    """
    with tempfile.TemporaryDirectory(prefix="lab-merge-") as folder:
        names = ("ours", "base", "theirs")
        for name, text in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_bytes(text)
        finished = run(
            ["git", "merge-file", "-p", "--diff3", f"--marker-size={marker_size}", *names],
            cwd=Path(folder),
            # The folder for temporary files may itself lie inside a repository.
            env={**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(Path(folder).parent)},
        )
    if finished.code > MOST_CONFLICTS:
        raise EnvironmentFault(f"git merge-file failed: {finished.last_line}.")
    return finished


def read_blob(repository: Path, blob_id: str) -> bytes | None:
    """The content of a blob in the repository at or above the folder, if there is one that holds it."""
    if not repository.is_dir():
        return None
    finished = run([*READ, "-C", repository, "cat-file", "blob", blob_id], env=ENVIRONMENT)
    return finished.stdout if finished.code == 0 else None


def committed_files(folder: Path, *names: str) -> tuple[CommittedFile, ...]:
    """The files at and below `names` in the folder as HEAD has them; none where git does not track them.

    Raises:
        EnvironmentFault: git is missing.
    """
    listed = run([*READ, "-C", folder, "ls-tree", "-r", "-z", "HEAD", "--", *names], env=ENVIRONMENT)
    found = []
    for line in listed.stdout.split(b"\0") if listed.code == 0 else ():
        description, _, name = line.partition(b"\t")
        mode, kind, blob_id, *_ = (*description.split(), b"", b"", b"")
        if kind == b"blob":
            found.append(CommittedFile(PurePosixPath(os.fsdecode(name)), blob_id.decode(), mode == b"100755"))
    return tuple(found)


def diff_folders(folder: Path, before: str, after: str) -> bytes:
    """The patch from one folder in `folder` to another as `git apply` takes it; the names are its prefixes.

    Raises:
        EnvironmentFault: git is missing, or there is no difference.
    """
    finished = run(
        ["git", "diff", "--no-index", *DIFF, "--no-prefix", before, after],
        cwd=folder,
        env={**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    if finished.code > 1 or not finished.stdout:
        raise EnvironmentFault(f"git diff failed: {finished.last_line}.")
    return finished.stdout
