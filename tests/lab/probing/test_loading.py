"""A probe is loaded from its file's place, and never from another folder called `probes`."""

import sys
from pathlib import Path

import pytest

from lab.errors import InvalidFile
from lab.probing.bench import Bench
from lab.probing.evidence import Verdict
from lab.probing.loading import load_probe
from tests.conftest import PROJECT

PROBE = """
from lab.probing.bench import Bench
from lab.probing.evidence import Evidence, Verdict

from .shared import WHY


def probe(bench: Bench) -> Evidence:
    return Evidence(Verdict.FIXED, WHY)
"""


def unused(*_: object, **__: object) -> None:
    raise AssertionError("the probe started a service")


NO_SERVICES = Bench({}, "", unused)  # type: ignore[arg-type]


def library(root: Path, why: str) -> Path:
    """Make a folder of probes, and return it."""
    folder = root / "probes"
    folder.mkdir(parents=True)
    (folder / "late_order.py").write_text(PROBE)
    (folder / "shared.py").write_text(f"WHY = {why!r}\n")
    return folder


def why(folder: Path, slug: str = "late_order") -> str:
    evidence = load_probe(folder, slug)(NO_SERVICES)
    assert evidence.verdict is Verdict.FIXED
    return evidence.why


def test_a_probe_imports_the_modules_beside_it(tmp_path: Path) -> None:
    assert why(library(tmp_path, "Of this folder.")) == "Of this folder."


def test_a_probe_may_be_a_package(tmp_path: Path) -> None:
    folder = library(tmp_path, "Of the parent.")
    (folder / "large").mkdir()
    (folder / "large" / "__init__.py").write_text(PROBE.replace(".shared", "..shared"))
    assert why(folder, "large") == "Of the parent."


def test_two_folders_with_the_same_names_are_kept_apart(tmp_path: Path) -> None:
    one, two = library(tmp_path / "one", "First."), library(tmp_path / "two", "Second.")
    assert [why(one), why(two), why(one)] == ["First.", "Second.", "First."]


def test_a_folder_probes_in_the_working_directory_is_never_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = library(tmp_path / "library", "Of the library.")
    workspace = tmp_path / "workspace"
    for file in ("__init__.py", "late_order.py", "shared.py"):
        (workspace / "probes").mkdir(parents=True, exist_ok=True)
        (workspace / "probes" / file).write_text("raise SystemExit('the workspace was imported')\n")
    monkeypatch.chdir(workspace)
    monkeypatch.syspath_prepend(str(workspace))
    assert why(folder) == "Of the library."


def test_a_module_that_is_missing_in_the_library_is_not_looked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = library(tmp_path / "library", "Of the library.")
    elsewhere = library(tmp_path / "workspace", "Of the workspace.")
    (elsewhere / "only_here.py").write_text(PROBE)
    monkeypatch.chdir(elsewhere.parent)
    monkeypatch.syspath_prepend(str(elsewhere.parent))
    with pytest.raises(InvalidFile, match="only_here"):
        load_probe(folder, "only_here")


def test_loading_adds_no_folder_to_the_import_path(tmp_path: Path) -> None:
    before = list(sys.path)
    load_probe(library(tmp_path, "Of this folder."), "late_order")
    assert sys.path == before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("raise RuntimeError('no licence')\n", "cannot be imported: RuntimeError: no licence"),
        ("def probe(:\n", "cannot be imported: SyntaxError"),
        ("from .nothing import x\n", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "cannot be imported: SystemExit: 3"),
        ("def prob(bench): ...\n", r"has no function probe\(bench\)"),
        ("probe = 3\n", r"has no function probe\(bench\)"),
    ],
)
def test_a_module_that_cannot_be_used_is_reported(tmp_path: Path, text: str, problem: str) -> None:
    folder = library(tmp_path, "Not used.")
    (folder / "broken.py").write_text(text)
    with pytest.raises(InvalidFile, match=problem) as raised:
        load_probe(folder, "broken")
    assert raised.value.path.is_relative_to(folder)


def test_a_probe_that_was_broken_is_loaded_once_it_is_correct(tmp_path: Path) -> None:
    folder = library(tmp_path, "Corrected.")
    (folder / "late_order.py").write_text("raise RuntimeError\n")
    with pytest.raises(InvalidFile):
        load_probe(folder, "late_order")
    (folder / "late_order.py").write_text(PROBE)
    assert why(folder) == "Corrected."


def test_the_shipped_probes_are_loaded_by_the_slugs_of_their_fixes() -> None:
    slugs = [folder.name.partition("_")[2] for folder in (PROJECT / "fixes").glob("[0-9]*_*")]
    assert slugs
    for slug in slugs:
        assert callable(load_probe(PROJECT / "probes", slug))
