"""The only module that runs git: merge texts, read commits, compare folders, commit a new folder.

No user or system configuration is read, and no command that a repository's configuration names is run: a
candidate's workspace is not trusted. Every function raises EnvironmentFault if git is missing.
"""

import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Timer

from lab import timeline
from lab.errors import EnvironmentFault, LabError, TimedOut
from lab.sentences import sentence
from lab.shell import Finished, run

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    # Git would fetch a missing object of a partial clone by the command that the repository's settings name.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
MOST_CONFLICTS = 127
CHUNK = 2**16
UNBUNDLE_TIMEOUT = 120.0
"""Seconds. A small bundle can hold a large pack."""

READ_TIMEOUT = 20.0
"""Seconds for what is read of a candidate's repository, which may be of any size."""

LARGE_BLOB = 2**20
"""Bytes from which git copies a blob in pieces, and does not hold it in memory: core.bigFileThreshold."""

LONGEST_SUBJECT, LONGEST_PART = 200, 1000
"""Characters of a commit's subject that are kept, and bytes of a line that are read."""

MOST_MEMORY = 3 * 2**19
"""Kilobytes of address space for git on what a stranger made: 20 KB of a pack can hold gigabytes."""

LIMITED = ("/bin/sh", "-c", f'ulimit -v {MOST_MEMORY} 2>/dev/null; exec "$@"', "sh")
OUT_OF_MEMORY = re.compile(rb"Out of memory.*tried to allocate (\d+) bytes")

READ = ("git", "-c", "safe.directory=*")
"""Reads objects of a repository that another user owns, too: that is safe."""

AUTHOR = {
    "GIT_AUTHOR_NAME": "lab",
    "GIT_AUTHOR_EMAIL": "lab@localhost",
    "GIT_COMMITTER_NAME": "lab",
    "GIT_COMMITTER_EMAIL": "lab@localhost",
}
DIFF = ("--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")


@dataclass(frozen=True, slots=True)
class CommittedFile:
    """One file of a commit: its path below the folder, its blob id, and whether it is executable."""

    path: PurePosixPath
    blob: str
    executable: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: when it was made, Unix time in seconds, and the first line of its message."""

    at: float
    subject: str


def require_git() -> None:
    """Raise EnvironmentFault if git is missing."""
    if shutil.which("git") is None:
        raise EnvironmentFault(
            "git was not found on the path.", "Install it. To see what the lab needs: lab doctor"
        )


def merge_file(ours: bytes, base: bytes, theirs: bytes, marker_size: int) -> Finished:
    """Run `git merge-file`. The `stdout` of the result is the merged text.

    Conflicts are between diff3 markers of `marker_size` characters. The exit code is 0 for a clean merge,
    else the number of conflicts, at most 127.

    Raises:
        EnvironmentFault: a text is binary, or git is missing.
    """
    with tempfile.TemporaryDirectory(prefix="lab-merge-") as folder:
        names = ("ours", "base", "theirs")
        for name, text in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_bytes(text)
        finished = run(
            ["git", "merge-file", "-p", "--diff3", f"--marker-size={marker_size}", *names],
            cwd=Path(folder),
            # The folder for temporary files may be inside a repository.
            env={**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(Path(folder).parent)},
        )
    if finished.code > MOST_CONFLICTS:
        raise EnvironmentFault(sentence(f"git merge-file failed: {finished.last_line}"))
    return finished


def read_blob(repository: Path, blob_id: str) -> bytes | None:
    """Return the content of a blob, from the repository at or above the folder; None if it is not there."""
    if not repository.is_dir():
        return None
    finished = run([*READ, "-C", repository, "cat-file", "blob", blob_id], env=ENVIRONMENT)
    return finished.stdout if finished.code == 0 else None


def committed_files(folder: Path, *names: str, commit: str = "HEAD") -> tuple[CommittedFile, ...]:
    """Return the files at and below `names` in the folder, as the commit has them; empty without one."""
    listed = run([*READ, "-C", folder, "ls-tree", "-r", "-z", commit, "--", *names], env=ENVIRONMENT)
    found = []
    for line in listed.stdout.split(b"\0") if listed.code == 0 else ():
        description, _, name = line.partition(b"\t")
        mode, kind, blob_id, *_ = (*description.split(), b"", b"", b"")
        if kind == b"blob":
            found.append(CommittedFile(PurePosixPath(os.fsdecode(name)), blob_id.decode(), mode == b"100755"))
    return tuple(found)


def diff_folders(folder: Path, before: str, after: str) -> bytes:
    """Return the patch for `git apply` from `before` to `after`, two folders in `folder` that must differ."""
    finished = run(
        ["git", "diff", "--no-index", *DIFF, "--no-prefix", before, after],
        cwd=folder,
        env={**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    if finished.code > 1 or not finished.stdout:
        raise EnvironmentFault(sentence(f"git diff failed: {finished.last_line}"))
    return finished.stdout


def commit_folder(folder: Path, message: str, *, date: str = "") -> None:
    """Make the folder a repository of its own, with one commit of all its files, by the author `lab`.

    With a `date` such as `2025-01-01T00:00:00Z`, the commit of the same files is always the same. There are
    no hooks and no reflog.

    Raises:
        EnvironmentFault: git failed. A repository without the commit may exist.
    """
    dated = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
    for words in (
        ["init", "--quiet", "--template="],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--message", message],
    ):
        settings = ["-c", "init.defaultBranch=main", "-c", "core.logAllRefUpdates=false"]
        finished = run([*READ, *settings, "-C", folder, *words], env={**ENVIRONMENT, **AUTHOR, **dated})
        if finished.code != 0:
            raise EnvironmentFault(sentence(f"git {words[0]} failed: {finished.last_line}"))


def first_commit(folder: Path) -> str:
    """Return the id of the oldest commit without a parent that HEAD has; `HEAD` if there is no commit."""
    found = run([*READ, "-C", folder, "rev-list", "--max-parents=0", "HEAD"], env=ENVIRONMENT)
    return (found.stdout.decode().split() or ["HEAD"])[-1]


def head_tree(folder: Path) -> str:
    """Return the id of the tree of HEAD. Raises EnvironmentFault: there is no commit, or git is missing."""
    finished = run([*READ, "-C", folder, "rev-parse", "HEAD^{tree}"], env=ENVIRONMENT)
    if finished.code != 0:
        raise EnvironmentFault(sentence(f"git rev-parse failed: {finished.last_line}"))
    return finished.stdout.decode().strip()


def commits(repository: Path, most: int) -> tuple[Commit, ...]:
    """Return the latest `most` commits before HEAD and HEAD, the oldest first: those that can be read.

    `repository` is the folder with its objects. A commit without a parent is left out: in a handout, it is
    the handout. So is one without a possible time.
    """
    words = ["rev-list", f"--max-count={most}", "--min-parents=1", "--format=%ct %s", "HEAD"]
    found = []
    for line in _parts([*LIMITED, *READ, "--git-dir", repository, *words], b"\n", READ_TIMEOUT):
        at, _, subject = line.decode(errors="replace").partition(" ")
        if _is_moment(at):  # and not the word "commit", before the id
            found.append(Commit(float(at), subject[:LONGEST_SUBJECT]))
    return tuple(found[::-1])


def _is_moment(text: str) -> bool:
    return len(text) <= 10 and text.isdecimal() and int(text) < timeline.LAST_MOMENT


def bundle(folder: Path, file: Path) -> None:
    """Write the branch of HEAD to a git bundle. Raises EnvironmentFault: git failed, or is missing."""
    words = ["-c", "pack.threads=1", "-C", str(folder), "bundle", "create", "--quiet"]
    finished = run([*READ, *words, file.resolve(), "HEAD", "main"], env=ENVIRONMENT)
    if finished.code != 0:
        raise EnvironmentFault(sentence(f"git bundle failed: {finished.last_line}"))


def unbundle(file: Path, repository: Path, folder: Path, *, most_files: int, most_bytes: int) -> None:
    """Write the files of HEAD in a git bundle, else of its first branch, to `folder`. Links become files.

    `repository` is where its objects go, with that commit as HEAD; neither may exist. Nothing that the bundle
    names is run.

    Raises:
        LabError: it is no bundle, needs commits that it does not hold, holds no branch, or has more files or
            bytes than these.
        EnvironmentFault: git is missing.
    """
    require_git()
    quiet = ["git", "init", "--quiet", "--bare", str(repository)]
    if (made := run(quiet, env=ENVIRONMENT)).code != 0:
        raise EnvironmentFault(sentence(f"git init failed: {made.last_line}"))
    settings = ["-c", "core.symlinks=false", "-c", f"core.bigFileThreshold={LARGE_BLOB}"]
    words = [*LIMITED, "git", "--git-dir", str(repository), *settings, "-c", "pack.threads=1"]
    listed = _in_time([*words, "bundle", "unbundle", file.resolve()])
    refs = dict(
        line.split(" ", 1)[::-1]
        for line in listed.stdout.decode(errors="replace").splitlines()
        if " " in line
    )
    asked = OUT_OF_MEMORY.search(listed.stderr)
    if asked and int(asked[1]) > most_bytes:
        raise LabError(f"It holds an object of {int(asked[1]) // 2**20:,} MiB.")
    if _of_the_machine(listed):
        raise EnvironmentFault(sentence(f"The git bundle cannot be read: {listed.last_line}"))
    if b"prerequisite" in listed.stderr:
        raise LabError(
            "It is a git bundle that needs commits which it does not hold. Of all commits: "
            "git bundle create FILE HEAD main."
        )
    if listed.code != 0 or not refs:
        raise LabError(sentence(f"It is no git bundle that can be read: {listed.last_line}"))
    commit = refs.get("HEAD") or next(iter(refs.values()))
    run([*words, "update-ref", "--no-deref", "HEAD", commit], env=ENVIRONMENT)
    _require_small([*words, "ls-tree", "-r", "-t", "-l", "-z", commit], most_files, most_bytes)
    folder.mkdir()
    words += ["--work-tree", str(folder)]
    for step in (["read-tree", commit], ["checkout-index", "--all", "--quiet"]):
        done = _in_time([*words, *step], folder)
        if done.code != 0:
            problem = sentence(f"Its files cannot be read: {done.last_line}")
            raise EnvironmentFault(problem) if _of_the_machine(done) else LabError(problem)


def _in_time(words: Sequence[str | Path], folder: Path | None = None) -> Finished:
    try:
        return run(words, cwd=folder, env=ENVIRONMENT, timeout=UNBUNDLE_TIMEOUT)
    except TimedOut as error:
        raise LabError(f"It takes more than {UNBUNDLE_TIMEOUT:g} s to read.") from error


def _require_small(words: Sequence[str], most_files: int, most_bytes: int) -> None:
    """Raise LabError if `git ls-tree -t -l -z` lists more than this: a small pack can hold a huge tree."""
    files = size = 0
    for entry in _parts(words, b"\0", UNBUNDLE_TIMEOUT):
        one = entry.partition(b"\t")[0].split()[-1]
        files, size = files + 1, size + (int(one) if one.isdigit() else 0)
        if files > most_files:
            raise LabError(f"It has more than {most_files:,} files and folders.")
        if size > most_bytes:
            raise LabError(f"It has more than {most_bytes // 2**20} MiB.")


def _parts(words: Sequence[str | Path], separator: bytes, seconds: float) -> Iterator[bytes]:
    """Yield the parts of what git prints, each cut to LONGEST_PART bytes. Git is ended after `seconds`.

    Nothing is held but the part that is read: what a stranger's repository holds can be of any size.
    """
    require_git()
    environment = {**os.environ, **ENVIRONMENT}
    with subprocess.Popen(
        list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as child:
        assert child.stdout is not None
        late = Timer(seconds, child.kill)
        late.start()
        try:
            rest = b""
            while content := child.stdout.read(CHUNK):
                *parts, rest = (rest + content).split(separator)
                rest = rest[:LONGEST_PART]  # what follows of it is added, and cut again
                yield from (part[:LONGEST_PART] for part in parts)
        finally:
            late.cancel()
            child.kill()


def _of_the_machine(finished: Finished) -> bool:
    """Return whether git failed for want of something on this machine."""
    reasons = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENOMEM)
    text = finished.stderr.decode(errors="replace")
    return finished.code != 0 and any(os.strerror(reason) in text for reason in reasons)
