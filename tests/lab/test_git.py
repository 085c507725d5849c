"""Git reads blobs and commits, and runs no command that a repository's settings name."""

from pathlib import Path, PurePosixPath

import pytest

from lab.errors import EnvironmentFault
from lab.git import CommittedFile, committed_files, diff_folders, read_blob
from lab.shell import run


def test_a_blob_is_read_from_the_repository_at_or_above(tmp_path: Path) -> None:
    run(["git", "init", "-q"], cwd=tmp_path)
    name = run(["git", "hash-object", "-w", "--stdin"], cwd=tmp_path, stdin=b"kept\n").stdout.decode().strip()
    inner = tmp_path / "inner"
    inner.mkdir()
    assert read_blob(inner, name) == b"kept\n"
    assert read_blob(inner, "0" * 39 + "1") is None
    assert read_blob(tmp_path / "none", name) is None


def test_committed_files_are_listed_with_any_name(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a b\n.py").write_text("x\n")
    (tmp_path / "elsewhere").write_text("y\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        assert (
            run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words], cwd=tmp_path).code
            == 0
        )
    assert committed_files(tmp_path, "app", "absent") == (
        CommittedFile(
            PurePosixPath("app/a b\n.py"), "587be6b4c3f93f93c489c0111bba5596147a26cb", executable=False
        ),
    )
    assert committed_files(tmp_path / "app", "absent") == ()


def test_no_command_of_the_repositorys_settings_is_run(tmp_path: Path) -> None:
    """Neither the transport of a partial clone nor the file system monitor."""
    trap = tmp_path / "sprung"
    for words in (
        ["init", "-q"],
        ["config", "core.fsmonitor", f"touch {trap}; false"],
        ["config", "extensions.partialClone", "origin"],
        ["config", "core.repositoryFormatVersion", "1"],
        ["config", "remote.origin.url", f"ext::sh -c touch% {trap}"],
        ["config", "remote.origin.promisor", "true"],
        ["config", "protocol.ext.allow", "always"],
    ):
        assert run(["git", *words], cwd=tmp_path).code == 0
    assert read_blob(tmp_path, "0" * 39 + "1") is None
    assert committed_files(tmp_path, "app") == ()
    assert not trap.exists()


def test_two_equal_folders_have_no_patch(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    with pytest.raises(EnvironmentFault, match="git diff failed"):
        diff_folders(tmp_path, "a", "b")
