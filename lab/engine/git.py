"""The only file that runs git: merge three texts, read one blob. No configuration of git's has a part in it.

A workspace that comes back from a candidate is not trusted: no command that its configuration names is run.
"""

import tempfile
from pathlib import Path

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
        raise EnvironmentFault(f"git merge-file failed: {finished.last_words}.")
    return finished


def blob(repository: Path, blob_id: str) -> bytes | None:
    """The content of a blob in the repository at or above the folder, if there is one that holds it."""
    if not repository.is_dir():
        return None
    # Reading an object is safe whoever owns the repository.
    finished = run(
        ["git", "-c", "safe.directory=*", "-C", repository, "cat-file", "blob", blob_id], env=ENVIRONMENT
    )
    return finished.stdout if finished.code == 0 else None
