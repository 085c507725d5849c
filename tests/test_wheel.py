"""The wheel in an environment of its own, without the checkout: `lab new`, and a lab in what it makes."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.shell import Finished, run
from tests.conftest import PROJECT

CONTENT = ("app", "migrations", "probes", "seed")
LOOK_AROUND = f"""
import importlib.util, json, sys
print(json.dumps([sys.path, [name for name in {CONTENT} if importlib.util.find_spec(name)]]))
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds the wheel and what it depends on."""

    root: Path
    folder: Path
    """An empty folder, to run commands in."""

    def run(self, program: str, *words: str | Path, folder: Path | None = None) -> Finished:
        programs = self.root / "bin"
        variables = {"PATH": os.pathsep.join([str(programs), os.defpath]), "PYTHONPATH": ""}
        finished = run([programs / program, *words], cwd=folder or self.folder, env=variables, timeout=600)
        assert b"Traceback" not in finished.stderr, finished.stderr.decode()
        return finished

    def done(self, program: str, *words: str | Path, folder: Path | None = None, code: int = 0) -> str:
        """Run a command that must exit with `code`; returns what it printed."""
        finished = self.run(program, *words, folder=folder)
        assert finished.code == code, finished.stdout.decode() + finished.stderr.decode()
        return finished.stdout.decode()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    base = tmp_path_factory.mktemp("wheel")
    (base / "empty").mkdir()
    found = Environment(base / "environment", base / "empty")
    assert run([sys.executable, "-m", "venv", found.root], timeout=120).code == 0
    copied = base / "source"  # without git: it may have changes that are not committed
    left_out = shutil.ignore_patterns(".*cache*", ".git", ".venv", ".lab", ".prove", ".hypothesis")
    shutil.copytree(PROJECT, copied, ignore=left_out)
    found.done("pip", "wheel", "--no-deps", "--wheel-dir", base, copied)
    (wheel,) = base.glob("*.whl")
    found.done("pip", "install", "--constraint", PROJECT / "constraints.txt", wheel)
    return found


@pytest.fixture
def workspace(environment: Environment, tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "my lab"
    environment.done("lab", "new", root)
    yield root
    environment.done("lab", "-C", root, "down", "--destroy")


def test_it_installs_the_package_lab_and_nothing_else_of_the_checkout(environment: Environment) -> None:
    path, importable = json.loads(environment.done("python", "-P", "-c", LOOK_AROUND))
    assert [folder for folder in path if Path(folder).is_relative_to(PROJECT)] == []
    assert importable == []


def test_the_templates_of_the_pages_are_installed(environment: Environment) -> None:
    make = "from lab.scorecard.batch_page import batch_page; print(batch_page([]))"
    assert environment.done("python", "-P", "-c", make).startswith("<!DOCTYPE html>")


def test_without_a_workspace_the_help_and_the_fixes_are_shown(environment: Environment) -> None:
    assert "lab up" in environment.done("lab", "--help")
    listed = json.loads(environment.done("lab", "fix", "list", "--json"))
    assert len(listed["fixes"]) == len(list(PROJECT.glob("fixes/*/fix.toml")))
    assert listed["unusable"] == []
    assert "Missing index" not in environment.done("lab", "fix", "show", "5")
    environment.done("lab", "status", code=2)


def test_a_new_workspace_is_brought_up_measured_fixed_and_taken_down(
    environment: Environment, workspace: Path, port_offset: int
) -> None:
    def lab(*words: str, code: int = 0) -> str:
        return environment.done("lab", *words, folder=workspace, code=code)

    before = {path: path.read_bytes() for path in (workspace / "app").rglob("*.py")}
    lab("up", "--rows", "2000", "--port-offset", str(port_offset + 250))
    environment.done("alembic", "check", folder=workspace)
    assert "present" in lab("check", "4", code=1)
    lab("fix", "apply", "5")
    assert "index=True" in (workspace / "app/device_service/models.py").read_text()
    lab("fix", "revert", "all")
    assert {path: path.read_bytes() for path in before} == before
    assert run(["git", "status", "--porcelain"], cwd=workspace).stdout == b""


def test_fixes_are_begun_in_a_library_of_ones_own_and_never_in_the_installation(
    environment: Environment, workspace: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    environment.done("lab", "new", own, "--author")
    environment.done("lab", "-C", own, "fix", "new", "mine", code=3)
    environment.done("lab", "-C", workspace, "--library", own, "fix", "new", "mine")
    assert (own / "probes" / "mine.py").exists()


def test_a_wheel_is_made_from_committed_files_only(environment: Environment, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    assert run(["git", "clone", "--quiet", PROJECT, checkout]).code == 0
    (checkout / "app" / "mine.py").write_text("MINE = 1\n")
    refused = environment.run("pip", "wheel", "--no-deps", "--wheel-dir", tmp_path, checkout)
    assert refused.code != 0
    assert b"?? app/mine.py" in refused.stdout + refused.stderr
