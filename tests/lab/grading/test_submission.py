"""A submission is unpacked into plain files of ordinary size, whatever it is, or a sentence says why not."""

import errno
import os
import shutil
import struct
import zipfile
import zlib
from hashlib import sha1
from pathlib import Path

import pytest

from lab import git
from lab.errors import EnvironmentFault
from lab.git import LONGEST_SUBJECT
from lab.grading import submission
from lab.grading.submission import Submission, Unusable, name_of, unpack
from lab.shell import run

FOLDERS = ("app", "migrations")
FILES = {"app/a.py": "a = 1\n", "migrations/b.py": "b = 1\n", "alembic.ini": "[alembic]\n"}


def work(root: Path, files: dict[str, str] = FILES) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def zipped(file: Path, files: dict[str, str] = FILES, below: str = "") -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{below}{name}", text)
    return file


def bundled(file: Path, root: Path) -> Path:
    git = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "work"]):
        assert run([*git, *words]).code == 0
    assert run([*git, "bundle", "create", "-q", str(file), "HEAD", "main"]).code == 0
    return file


def unpacked(source: Path, tmp_path: Path) -> Submission:
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    return unpack(source, tmp_path / "out", FOLDERS)


def test_a_folder_a_zip_and_a_bundle_of_the_same_files_are_the_same_submission(tmp_path: Path) -> None:
    folder = work(tmp_path / "ada")
    sources = [
        folder,
        zipped(tmp_path / "flat.zip"),
        zipped(tmp_path / "deep.zip", below="ada-main/"),
        bundled(tmp_path / "ada.bundle", work(tmp_path / "repository")),
    ]
    found = [unpacked(source, tmp_path) for source in sources]
    assert len({one.digest for one in found}) == 1
    assert [one.name for one in found] == ["ada", "flat", "deep", "ada"]
    assert (found[-1].root / "app" / "a.py").read_text() == "a = 1\n"


def test_what_is_no_plain_file_and_what_tools_leave_stays_out(tmp_path: Path) -> None:
    root = work(tmp_path / "ada", {**FILES, ".venv/x.py": "", ".git/config": "", ".lab/settings.json": ""})
    work(root, {".lab/timeline.jsonl": "{}\n"})
    (root / "app" / "link").symlink_to("/etc/passwd")
    os.mkfifo(root / "app" / "pipe")
    (root / "out").symlink_to(root)
    found = unpacked(root, tmp_path)
    names = {path.relative_to(found.root).as_posix() for path in found.root.rglob("*") if path.is_file()}
    assert names == {*FILES, ".lab/timeline.jsonl"}
    assert len(found.skipped) == 3


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "app\\..\\..\\x"])
def test_a_path_that_leads_out_of_an_archive_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unusable, match="leads out of it"):
        unpacked(zipped(tmp_path / "a.zip", {**FILES, name: "x"}), tmp_path)
    assert not (tmp_path / "x").exists()


def test_a_link_in_an_archive_stays_out(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip")
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("app/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert unpacked(file, tmp_path).skipped == ("app/link is no plain file",)


def test_a_link_in_a_bundle_is_a_file_with_its_target(tmp_path: Path) -> None:
    root = work(tmp_path / "repository")
    (root / "app" / "link").symlink_to("/etc/passwd")
    found = unpacked(bundled(tmp_path / "a.bundle", root), tmp_path)
    assert (found.root / "app" / "link").read_text() == "/etc/passwd"
    assert not (found.root / "app" / "link").is_symlink()


def test_no_command_that_a_bundles_files_name_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one that the user has defined: git itself would run it."""
    root = work(tmp_path / "repository", {**FILES, ".gitattributes": "* filter=evil\n"})
    bundle = bundled(tmp_path / "a.bundle", root)
    defined = f'[filter "evil"]\n  smudge = touch {tmp_path / "run"}; cat\n'
    monkeypatch.setenv("HOME", str(work(tmp_path / "home", {".gitconfig": defined})))
    assert run(["git", "clone", "-q", bundle, tmp_path / "clone"]).code == 0
    (tmp_path / "run").unlink()
    unpacked(bundle, tmp_path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("limit", "value"), [("MOST_BYTES", 10), ("MOST_FILES", 2)])
def test_what_is_too_large_is_refused_while_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(submission, limit, value)
    for source in (work(tmp_path / "ada"), zipped(tmp_path / "a.zip")):
        with pytest.raises(Unusable, match="It has more than"):
            unpacked(source, tmp_path)


def test_what_cannot_be_read_or_is_no_work_on_this_system_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 no")
    (tmp_path / "broken.bundle").write_bytes(b"# v2 git bundle\nno")
    whole = zipped(tmp_path / "whole.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    (tmp_path / "empty").mkdir()
    reasons = {
        "broken.zip": "no zip file",
        "cut.zip": "no zip file",
        "broken.bundle": "no git bundle",
        "empty": "It is empty",
    }
    for name, reason in reasons.items():
        with pytest.raises(Unusable, match=reason):
            unpacked(tmp_path / name, tmp_path)
    with pytest.raises(EnvironmentFault, match=r"There is no .*missing any more"):
        unpacked(tmp_path / "missing", tmp_path)
    with pytest.raises(Unusable, match="it has no folder migrations"):
        unpacked(zipped(tmp_path / "foreign.zip", {"app/a.py": ""}), tmp_path)


def test_a_submission_is_called_as_its_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    assert [name_of(tmp_path / name) for name in ("ada", "ada.zip", "a.b.bundle")] == ["ada", "ada", "a.b"]


def test_the_commits_after_the_first_are_read_from_a_folder_and_a_bundle_and_only_from_its_own_repository(
    tmp_path: Path,
) -> None:
    root = work(tmp_path / "ada")
    bundled(tmp_path / "first.bundle", root)
    (root / "app" / "a.py").write_text("a = 2\n")
    bundled(tmp_path / "ada.bundle", root)
    for source in (root, tmp_path / "ada.bundle"):
        assert [one.subject for one in unpacked(source, tmp_path).commits] == ["work"]
    assert unpacked(tmp_path / "first.bundle", tmp_path).commits == ()
    inner = work(root / "inner")
    assert unpacked(inner, tmp_path).commits == ()
    (inner / ".git").symlink_to(root / ".git")
    assert unpacked(inner, tmp_path).commits == ()


def test_names_that_no_archive_can_hold_stay_out_of_a_folder(tmp_path: Path) -> None:
    root = work(tmp_path / "ada", {**FILES, "app/back\\slash.py": ""})
    (root / "app" / os.fsdecode(b"\xff.py")).write_text("")
    found = unpacked(root, tmp_path)
    assert {path.name for path in (found.root / "app").iterdir()} == {"a.py"}
    assert len(found.skipped) == 2
    assert all(text.isprintable() for text in found.skipped)


@pytest.mark.parametrize("second", ["app/a.py", "app/a.py/b.py", f"app/{'x' * 300}.py"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_path_that_cannot_be_a_file_is_the_fault_of_the_archive(tmp_path: Path, second: str) -> None:
    file = zipped(tmp_path / "ada.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(second, "x")
    with pytest.raises(Unusable, match="cannot be a file"):
        unpacked(file, tmp_path)


def huge(tmp_path: Path, file: str) -> Path:
    """A git bundle with 16 folders in each of 16 folders, and so on, and at the end this file; none if ""."""
    git = ["git", "-C", str(tmp_path / "made"), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    run(["git", "init", "-q", "-b", "main", str(tmp_path / "made")])
    entry = ""
    if file:
        blob = run([*git, "hash-object", "-w", file]).stdout.decode().strip()
        entry = f"100644 blob {blob}\tzeros\n"
    tree = run([*git, "mktree"], stdin=entry.encode()).stdout.decode().strip()
    for _ in range(8):
        entries = "".join(f"040000 tree {tree}\t{number:x}\n" for number in range(16))
        tree = run([*git, "mktree"], stdin=entries.encode()).stdout.decode().strip()
    commit = run([*git, "commit-tree", tree, "-m", "huge"]).stdout.decode().strip()
    run([*git, "update-ref", "refs/heads/main", commit])
    assert run([*git, "bundle", "create", "-q", str(tmp_path / "mallory.bundle"), "main"]).code == 0
    return tmp_path / "mallory.bundle"


def test_a_small_bundle_with_a_huge_tree_is_refused_before_its_files_are_written(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(2**20))
    bundle = huge(tmp_path, str(tmp_path / "zeros"))
    assert bundle.stat().st_size < 10_000
    with pytest.raises(Unusable, match="It has more than 20"):
        unpacked(bundle, tmp_path)


@pytest.mark.parametrize("way", ["commondir", "alternates", "a link to the objects"])
def test_no_commit_of_another_repository_is_read(way: str, tmp_path: Path) -> None:
    secret, root = work(tmp_path / "secret"), work(tmp_path / "ada")
    bundled(tmp_path / "first.bundle", secret)
    (secret / "app" / "a.py").write_text("a = 2\n")
    bundled(tmp_path / "second.bundle", secret)
    other, own = secret / ".git", root / ".git"
    head = run(["git", "-C", str(secret), "rev-parse", "HEAD"]).stdout.decode()
    run(["git", "init", "-q", str(root)])
    (own / "HEAD").write_text(head)
    if way == "commondir":
        (own / "commondir").write_text(f"{other}\n")
        (own / "HEAD").write_text("ref: refs/heads/main\n")
    elif way == "alternates":
        (own / "objects" / "info").mkdir(exist_ok=True)
        (own / "objects" / "info" / "alternates").write_text(f"{other / 'objects'}\n")
    else:
        shutil.rmtree(own / "objects")
        (own / "objects").symlink_to(other / "objects")
    assert len(git.commits(own, 10)) == 1  # git itself would read it
    assert unpacked(root, tmp_path).commits == ()


def test_a_bundle_without_the_first_commits_says_what_it_lacks(tmp_path: Path) -> None:
    root = work(tmp_path / "ada")
    bundled(tmp_path / "first.bundle", root)
    (root / "app" / "a.py").write_text("a = 2\n")
    bundled(tmp_path / "second.bundle", root)
    words = ["git", "-C", str(root), "bundle", "create", "-q", str(tmp_path / "late.bundle"), "HEAD~1..main"]
    assert run(words).code == 0
    with pytest.raises(Unusable, match="needs commits which it does not hold"):
        unpacked(tmp_path / "late.bundle", tmp_path)


def packed(kind: int, content: bytes, before: bytes = b"") -> bytes:
    """An object of a pack: https://git-scm.com/docs/pack-format. `before` is what a delta refers to."""
    size, head = len(content) >> 4, kind << 4 | len(content) & 15
    sizes = bytearray()
    while size:
        sizes.append(head | 128)
        head, size = size & 127, size >> 7
    return bytes([*sizes, head]) + before + zlib.compress(content, 9)


def number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def test_a_small_bundle_with_an_object_of_gigabytes_is_refused(tmp_path: Path) -> None:
    size, copies = 0xFFFFFF, 500
    base = bytes(size)
    blob = sha1(b"blob %d\0" % size + base, usedforsecurity=False)
    tree = b"100644 app\0" + blob.digest()
    tree_id = sha1(b"tree %d\0" % len(tree) + tree, usedforsecurity=False).hexdigest()
    commit = f"tree {tree_id}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n".encode()
    commit_id = sha1(b"commit %d\0" % len(commit) + commit, usedforsecurity=False).hexdigest()
    delta = number(size) + number(size * copies) + bytes([0xF0, 255, 255, 255]) * copies
    objects = [packed(3, base), packed(2, tree), packed(1, commit), packed(7, delta, blob.digest())]
    pack = b"PACK" + struct.pack(">2I", 2, len(objects)) + b"".join(objects)
    pack += sha1(pack, usedforsecurity=False).digest()
    file = tmp_path / "mallory.bundle"
    file.write_bytes(b"# v2 git bundle\n" + f"{commit_id} refs/heads/main\n\n".encode() + pack)
    assert file.stat().st_size < 20_000
    with pytest.raises(Unusable, match=r"an object of 7,999 MiB"):
        unpacked(file, tmp_path)


def test_a_bundle_with_a_tree_of_nothing_but_folders_is_refused_soon(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="files and folders"):
        unpacked(huge(tmp_path, ""), tmp_path)


def test_a_commit_without_a_possible_time_is_left_out_and_a_long_subject_is_cut(tmp_path: Path) -> None:
    root = work(tmp_path / "work")
    bundled(tmp_path / "first.bundle", root)
    git = ["git", "-C", str(root)]
    first = run([*git, "rev-parse", "HEAD"]).stdout.decode().strip()
    tree = run([*git, "rev-parse", "HEAD^{tree}"]).stdout.decode().strip()

    def commit(parent: str, dated: str, subject: str) -> str:
        text = (
            f"tree {tree}\nparent {parent}\nauthor x <x@x> {dated}\ncommitter x <x@x> {dated}\n\n{subject}\n"
        )
        made = run([*git, "hash-object", "-t", "commit", "-w", "--stdin", "--literally"], stdin=text.encode())
        return made.stdout.decode().strip()

    usual = commit(first, "1700000000 +0000", "s" * 100_000)
    late = commit(usual, f"{'9' * 400} +0000", "in the far future")
    last = commit(late, "1700000001 +0000", "fixed")
    assert run([*git, "update-ref", "refs/heads/main", last]).code == 0
    run([*git, "bundle", "create", "-q", str(tmp_path / "ada.bundle"), "main"])
    _, cut, *others = ("", *unpacked(tmp_path / "ada.bundle", tmp_path).commits)
    assert (cut.at, len(cut.subject)) == (1700000000, LONGEST_SUBJECT)
    assert [(one.at, one.subject) for one in others if one.at] == [(1700000001, "fixed")]


def test_what_was_left_out_is_listed_up_to_a_limit(tmp_path: Path) -> None:
    with zipfile.ZipFile(zipped(tmp_path / "ada.zip"), "a") as archive:
        for number in range(submission.MOST_SKIPPED + 7):
            link = zipfile.ZipInfo(f"{'é' * 5000}{number}")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "target")
    skipped = unpacked(tmp_path / "ada.zip", tmp_path).skipped
    assert len(skipped) == submission.MOST_SKIPPED + 1
    assert max(map(len, skipped)) < submission.LONGEST_SKIPPED + 30
    assert {one.partition("… ")[2] for one in skipped[:-1]} == {"is no plain file"}
    assert skipped[-1] == "7 more"


@pytest.mark.parametrize("path", ["d/" * 1100 + "x", f"{'n' * 200}/" * 6 + "x", f"{'🧪' * 50}/" * 6 + "x"])
def test_a_path_that_is_too_deep_or_too_long_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Unusable, match="too deep or too long"):
        unpacked(zipped(tmp_path / "ada.zip", {**FILES, path: ""}), tmp_path)


def test_a_folder_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    deep = work(tmp_path / "deep")
    (deep / ("d/" * (submission.MOST_PARTS + 1))).mkdir(parents=True)
    with pytest.raises(Unusable, match="too deep or too long"):
        unpacked(deep, tmp_path)


def test_a_file_in_place_of_the_record_of_commands_stays_out(tmp_path: Path) -> None:
    root = work(tmp_path / "work", {**FILES, ".lab": "", "app/.lab": ""})
    found = unpacked(root, tmp_path).root
    assert sorted(path.name for path in found.rglob("*") if path.is_file()) == ["a.py", "alembic.ini", "b.py"]


def test_damaged_data_of_any_compression_is_the_fault_of_the_archive(tmp_path: Path) -> None:
    for name, how in (("b", zipfile.ZIP_BZIP2), ("d", zipfile.ZIP_DEFLATED), ("l", zipfile.ZIP_LZMA)):
        file = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(file, "w", how) as archive:
            archive.writestr("app/a.py", os.urandom(500).hex())
        content = bytearray(file.read_bytes())
        content[60:90] = bytes(30)
        file.write_bytes(content)
        with pytest.raises(Unusable):
            unpack(file, tmp_path / name, FOLDERS)


def test_a_file_that_this_machine_may_not_read_is_not_the_candidates_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root, any file can be read: so the error is raised as another user would meet it."""
    zipped(tmp_path / "ada.zip")
    bundled(tmp_path / "ada.bundle", work(tmp_path / "work"))

    def refuse(path: object, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(zipfile, "ZipFile", refuse)
        patched.setattr(Path, "open", refuse)
        for name in ("ada.zip", "ada.bundle"):
            with pytest.raises(EnvironmentFault, match=rf"{name} cannot be read"):
                unpack(tmp_path / name, tmp_path / f"{name} unpacked", FOLDERS)
    with pytest.raises(EnvironmentFault, match=r"gone\.bundle cannot be read: No such file"):
        unpacked(tmp_path / "gone.bundle", tmp_path)
