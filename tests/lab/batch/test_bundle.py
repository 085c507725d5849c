"""A bundle holds the submission and the library as they were, and is the same for the same content."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab import __version__, shipped
from lab.batch import bundle as bundles
from lab.batch.bundle import (
    MANIFEST,
    SUBMISSION,
    Manifest,
    NoBundle,
    OtherBundle,
    read_manifest,
    unpack_bundle,
    write_bundle,
)
from lab.errors import EnvironmentFault
from lab.git import Commit
from lab.grading.submission import Submission, unpack
from lab.json_files import to_json
from lab.library import Library
from lab.profile import read_profile
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import copy_shipped

LIBRARY = Library(PROJECT)
FOLDERS = read_profile(LIBRARY.profile).folders


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Submission:
    folder = tmp_path_factory.mktemp("submission")
    work = copy_shipped(folder / "ada")
    (work / "app" / "new name ü.py").write_text("x = 1\n")
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    (work / ".lab").mkdir()
    (work / ".lab" / "timeline.jsonl").write_text("{}\n")
    found = unpack(work, folder / "unpacked", FOLDERS)
    return replace(found, skipped=("a is no plain file",), commits=(Commit(5.0, "Fix it"),))


@pytest.fixture(scope="module")
def written(submission: Submission, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the submission, which no test changes."""
    file = tmp_path_factory.mktemp("bundles") / "ada.zip"
    write_bundle(file, submission, LIBRARY, None)
    return file


@pytest.fixture
def bundle(written: Path, tmp_path: Path) -> Path:
    """A copy of the bundle."""
    return shutil.copy(written, tmp_path / "ada.zip")


def opened(bundle: Path, folder: Path) -> tuple[Library, Submission]:
    folder.mkdir()
    return unpack_bundle(bundle, read_manifest(bundle), folder)


def test_what_is_unpacked_is_what_was_packed(submission: Submission, bundle: Path, tmp_path: Path) -> None:
    library, found = opened(bundle, tmp_path / "there")
    assert replace(found, root=submission.root) == submission
    assert (found.root / "run.sh").stat().st_mode & 0o100
    assert (found.root / ".lab" / "timeline.jsonl").exists()
    assert library.digest() == LIBRARY.digest()
    here, there = (shipped.source(Workspace(one.root, one)) for one in (LIBRARY, library))
    assert here == there
    for path in (library.rubric, library.alembic_ini, library.compose_file, library.roles_sql):
        original = LIBRARY.root / path.relative_to(library.root)
        assert path.exists() == original.exists()


def test_the_same_content_makes_the_same_bytes_and_other_content_another_key(
    submission: Submission, bundle: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    manifest = write_bundle(again, submission, LIBRARY, None)
    assert again.read_bytes() == bundle.read_bytes()
    assert manifest.key == read_manifest(bundle).key
    other = write_bundle(again, replace(submission, name="grace"), LIBRARY, None)
    assert other.key != manifest.key


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_file_that_is_no_bundle_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    if content is None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a", "b")
    else:
        file.write_bytes(content)
    with pytest.raises(NoBundle, match=r"x\.zip is no bundle"):
        read_manifest(file)


def rewritten(bundle: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    """Change the entries of the bundle: their names and contents."""
    before = bundle.with_suffix(".before")
    shutil.move(bundle, before)
    with zipfile.ZipFile(before) as source, zipfile.ZipFile(bundle, "w") as target:
        for entry in source.infolist():
            name, content = change(entry.filename, source.read(entry))
            entry.filename = name
            target.writestr(entry, content)


def other_version(manifest: Manifest) -> Manifest:
    return replace(manifest, lab=f"{__version__}.other")


def other_library(manifest: Manifest) -> Manifest:
    return replace(manifest, library="0" * 64)


def other_submission(manifest: Manifest) -> Manifest:
    return replace(manifest, digest="0" * 64)


@pytest.mark.parametrize("change", [other_version, other_library, other_submission])
def test_a_bundle_that_is_not_what_its_manifest_says_is_refused_as_environment(
    change: Callable[[Manifest], Manifest], bundle: Path, tmp_path: Path
) -> None:
    manifest = change(read_manifest(bundle))
    rewritten(
        bundle,
        lambda name, content: (name, to_json(manifest).encode() if name == bundles.MANIFEST else content),
    )
    with pytest.raises(OtherBundle) as refused:
        opened(bundle, tmp_path / "there")
    assert refused.value.exit_code == 4


def test_a_changed_file_of_the_library_is_noticed(bundle: Path, tmp_path: Path) -> None:
    rewritten(
        bundle, lambda name, content: (name, content + b"#" if name.endswith("alembic.ini") else content)
    )
    with pytest.raises(OtherBundle, match="library in the bundle"):
        opened(bundle, tmp_path / "there")


def test_no_path_of_a_bundle_leads_out_of_its_folder(bundle: Path, tmp_path: Path) -> None:
    rewritten(
        bundle, lambda name, content: ("library/../../out" if name.endswith("lab.toml") else name, content)
    )
    with pytest.raises(OtherBundle, match="leads out"):
        opened(bundle, tmp_path / "there")
    assert not (tmp_path / "out").exists()


def test_a_damaged_bundle_is_refused_in_one_sentence(bundle: Path, tmp_path: Path) -> None:
    """In each entry: another compression, a password that it does not have, and other bytes in its data."""
    whole = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        entries = [
            one for one in archive.infolist() if one.filename in (MANIFEST, SUBMISSION, "library/lab.toml")
        ]
    assert len(entries) == 3
    for entry in entries:
        central = whole.rindex(entry.filename.encode()) - 46  # the fixed part of an entry of the directory
        data = entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2
        for place, value in ((central + 10, 99), (central + 8, 1), (data, whole[data] ^ 0xFF)):
            damaged = bytearray(whole)
            damaged[place] = value
            bundle.write_bytes(damaged)
            with pytest.raises((NoBundle, EnvironmentFault)):
                opened(bundle, tmp_path / f"{entry.filename} {place}".replace("/", " "))


def test_a_git_bundle_is_told_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    for content, said in ((b"# v2 git bundle\n", "is a git bundle"), (b"", "is no bundle")):
        (tmp_path / "ada.bundle").write_bytes(content)
        with pytest.raises(NoBundle, match=said):
            read_manifest(tmp_path / "ada.bundle")
