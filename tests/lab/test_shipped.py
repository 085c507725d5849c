"""The shipped code is kept once, by its blob ids, and an edit is never taken for it."""

import json
from pathlib import Path, PurePosixPath

import pytest

from lab import __version__, shipped
from lab.catalog.unified_diff import blob_id
from lab.errors import EnvironmentFault, Refused
from lab.library import Library
from lab.shell import run
from lab.workspace import Workspace

NAME = PurePosixPath("app/a.py")
OTHERS = {"alembic.ini", "compose/a.yml", "migrations/env.py"}
PROFILE = """
[code]
folders = ["app", "compose", "migrations"]
files = ["alembic.ini"]
[services.one]
port = "ONE_PORT"
[seed]
command = ["true"]
rows = 1
most_rows = 1
[status]
table = "rows"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_at(tmp_path)


def workspace_at(root: Path) -> Workspace:
    """A workspace in `root` that is its own library."""
    for name in ("app", "compose", "migrations"):
        (root / name).mkdir(parents=True)
    (root / "compose/a.yml").write_text("")
    (root / "migrations/env.py").write_text("")
    (root / "alembic.ini").write_text("[alembic]\n")
    (root / "lab.toml").write_text(PROFILE)
    (root / NAME).write_text("shipped\n")
    return Workspace(root, Library(root))


def commit(folder: Path) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        assert run([*git, *words], cwd=folder).code == 0


def kept(workspace: Workspace, path: PurePosixPath) -> bytes:
    (file,) = (file for file in shipped.files(workspace) if file.path == path)
    return shipped.content(workspace, file)


def names(workspace: Workspace) -> set[str]:
    return {str(file.path) for file in shipped.files(workspace)}


def write_patch(workspace: Workspace, old: str) -> None:
    """Give the library one fix, whose patch is made from the line `old`."""
    before, after = (blob_id(f"{line}\n".encode()) for line in (old, "fixed"))
    patch = workspace.library.fixes / "01_a" / "code.patch"
    patch.parent.mkdir(parents=True, exist_ok=True)
    patch.write_text(
        f"diff --git a/{NAME} b/{NAME}\nindex {before}..{after} 100644\n--- a/{NAME}\n+++ b/{NAME}\n"
        f"@@ -1 +1 @@\n-{old}\n+fixed\n"
    )


def test_a_blob_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    finished = run(["git", "hash-object", "--stdin"], cwd=tmp_path, stdin=b"shipped\n")
    assert blob_id(b"shipped\n") == finished.stdout.decode().strip()


def test_without_git_the_present_files_are_kept(workspace: Workspace) -> None:
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_the_committed_files_are_kept_not_the_edited_ones(workspace: Workspace) -> None:
    commit(workspace.root)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_a_work_tree_that_does_not_track_the_workspace_is_ignored(workspace: Workspace) -> None:
    commit(workspace.root)
    inner = workspace_at(workspace.root / "inner")
    (inner.root / NAME).write_text("inner\n")
    shipped.keep(inner)
    assert kept(inner, NAME) == b"inner\n"


def test_what_git_has_committed_is_kept_whole_without_other_files(workspace: Workspace) -> None:
    commit(workspace.root)
    (workspace.root / "app/b.py").write_text("not tracked\n")
    (workspace.root / NAME).unlink()
    shipped.keep(workspace)
    assert names(workspace) == {"app/a.py", *OTHERS}
    assert kept(workspace, NAME) == b"shipped\n"


def test_where_git_lacks_a_part_the_files_are_kept_whole_as_they_are(workspace: Workspace) -> None:
    (workspace.root / ".gitignore").write_text("alembic.ini\n")
    commit(workspace.root)
    (workspace.root / NAME).write_text("edited\n")
    (workspace.root / "app/b.py").write_text("not tracked\n")
    shipped.keep(workspace)
    assert names(workspace) == {"app/a.py", "app/b.py", *OTHERS}
    assert kept(workspace, NAME) == b"edited\n"


def test_another_library_is_the_only_source(workspace: Workspace, tmp_path: Path) -> None:
    library = workspace_at(tmp_path / "library").library
    (library.root / "app/c.py").write_text("of the library\n")
    measured = Workspace(workspace.root, library)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(measured)
    assert names(measured) == {"app/a.py", "app/c.py", *OTHERS}
    assert kept(measured, NAME) == b"shipped\n"
    assert shipped.is_current(measured)

    (library.root / NAME).write_text("of the next version\n")
    assert not shipped.is_current(measured)
    assert shipped.keep(measured, renew=True) == ""
    assert kept(measured, NAME) == b"shipped\n"
    shipped.replace(measured)
    assert kept(measured, NAME) == b"of the next version\n"


@pytest.mark.parametrize("damaged", ["manifest.json", blob_id(b"shipped\n")])
def test_a_damaged_copy_is_made_again_with_a_note(workspace: Workspace, damaged: str) -> None:
    commit(workspace.root)
    shipped.keep(workspace)
    (workspace.shipped / damaged).write_text("damaged")
    (workspace.root / NAME).write_text("edited\n")
    assert "was damaged. It was made again." in shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_an_edit_is_not_taken_for_the_damaged_copy(workspace: Workspace) -> None:
    write_patch(workspace, "shipped")
    shipped.keep(workspace)
    (workspace.shipped / "manifest.json").write_text("damaged")
    (workspace.root / NAME).write_text("edited\n")
    with pytest.raises(Refused, match="is damaged, and the code here was changed"):
        shipped.keep(workspace)
    (workspace.root / NAME).write_text("shipped\n")
    assert "It was made again" in shipped.keep(workspace)


def test_a_damaged_copy_of_another_librarys_code_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    measured = Workspace(workspace.root, workspace_at(tmp_path / "library").library)
    shipped.keep(measured)
    (measured.shipped / "manifest.json").write_text("damaged")
    with pytest.raises(Refused) as refused:
        shipped.keep(measured)
    assert "lab up --renew" in str(refused.value.remedy)
    assert not shipped.is_current(measured)


@pytest.mark.parametrize("path", ["/tmp/x", "../x", "app/../../x", ".lab/journal", ""])
def test_a_manifest_that_names_another_place_is_not_believed(workspace: Workspace, path: str) -> None:
    shipped.keep(workspace)
    blob = blob_id(b"shipped\n")
    document = {"files": {path: [blob, False]}, "version": "lab 0.1.0"}
    (workspace.shipped / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(EnvironmentFault, match="cannot be read"):
        shipped.files(workspace)


def test_a_workspace_that_is_its_own_library_keeps_the_code_of_its_next_version(workspace: Workspace) -> None:
    write_patch(workspace, "shipped")
    commit(workspace.root)
    shipped.keep(workspace)
    (workspace.root / NAME).write_text("committed edit\n")
    commit(workspace.root)
    assert "lab up --renew" not in shipped.keep(workspace)  # the patches still name what is kept
    (workspace.root / NAME).write_text("next\n")
    write_patch(workspace, "next")
    commit(workspace.root)
    (workspace.root / NAME).write_text("edited\n")
    assert "was made again" in shipped.keep(workspace)
    assert kept(workspace, NAME) == b"next\n"
    assert (workspace.root / NAME).read_text() == "edited\n"


def test_code_that_no_patch_names_is_kept_again_on_request_or_by_another_version(
    workspace: Workspace,
) -> None:
    commit(workspace.root)
    shipped.keep(workspace)
    for text, renew in (("next\n", False), ("the one after\n", True)):
        (workspace.root / NAME).write_text(text)
        commit(workspace.root)
        assert "is not the code that is kept as shipped" in shipped.keep(workspace)
        if not renew:
            manifest = workspace.shipped / "manifest.json"
            manifest.write_text(manifest.read_text().replace(__version__, "0.0.9"))
        assert "was made again" in shipped.keep(workspace, renew=renew)
        assert kept(workspace, NAME) == text.encode()


def test_the_manifest_of_an_earlier_version_is_read(workspace: Workspace) -> None:
    shipped.keep(workspace)
    manifest = workspace.shipped / "manifest.json"
    assert shipped.kept_version(workspace) == f"lab {__version__}"
    files = shipped.files(workspace)
    manifest.write_text(json.dumps(json.loads(manifest.read_text())["files"]))
    assert shipped.files(workspace) == files
    assert shipped.kept_version(workspace) == "an earlier version of lab"
    assert shipped.keep(workspace) == ""


def test_the_code_is_kept_once(workspace: Workspace) -> None:
    shipped.keep(workspace)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_a_damaged_copy_is_refused(workspace: Workspace) -> None:
    shipped.keep(workspace)
    (workspace.shipped / blob_id(b"shipped\n")).write_bytes(b"damaged")
    with pytest.raises(Refused, match="is damaged"):
        kept(workspace, NAME)


def test_before_the_first_up_the_error_says_how_to_keep_it(workspace: Workspace) -> None:
    with pytest.raises(EnvironmentFault, match="lab up"):
        shipped.files(workspace)
