import ast
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lab.shell import run
from tests.mutants.applying import changed, diff, mutated
from tests.mutants.fixed_code import copy_fixed, fixed_files
from tests.mutants.sample import sample


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixed app. A test changes only copies of it."""
    return copy_fixed(tmp_path_factory.mktemp("mutants") / "fixed")


@pytest.mark.slow
def test_every_mutant_compiles_and_is_another_program() -> None:
    for mutant in sample():
        text = fixed_files()[mutant.file]
        other = ast.parse(changed(text, mutant))
        compile(other, mutant.file, "exec")
        assert ast.dump(other) != ast.dump(ast.parse(text)), mutant.id


@pytest.mark.slow
def test_no_two_mutants_are_the_same_program() -> None:
    programs = {(one.file, ast.dump(ast.parse(changed(fixed_files()[one.file], one)))) for one in sample()}
    assert len(programs) == len(sample())


@pytest.mark.parametrize("number", range(0, len(sample()), len(sample()) // 3 + 1))
def test_a_diff_makes_the_mutant_of_the_fixed_app(number: int, fixed: Path, tmp_path: Path) -> None:
    mutant = sample()[number]
    edited, patched = (Path(shutil.copytree(fixed, tmp_path / name)) for name in ("edited", "patched"))
    mutated(edited, mutant)
    limit = {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    applied = run(["git", "apply", "-"], cwd=patched, stdin=diff(mutant).encode(), env=limit)
    assert applied.code == 0, applied.stderr.decode()
    for path, text in fixed_files().items():
        assert (edited / path).read_text() == (patched / path).read_text()
        assert ((edited / path).read_text() != text) == (path == mutant.file)


def test_a_mutant_of_another_code_is_refused(fixed: Path) -> None:
    mutant = sample()[0]
    with pytest.raises(ValueError, match="does not hold"):
        mutated(fixed, replace(mutant, line=mutant.line + 1))
    assert (fixed / mutant.file).read_text() == fixed_files()[mutant.file]
