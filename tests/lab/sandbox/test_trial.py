"""What the machine can do is found by trying; LAB_SANDBOX can only lower it."""

import os
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from lab.errors import UsageError
from lab.sandbox import Level, found, nests, trial
from lab.sandbox.level import UNPROMISED


@pytest.fixture(autouse=True)
def _forget() -> None:
    trial._found.cache_clear()


def test_levels_are_ordered_from_the_strongest() -> None:
    levels = list(Level)
    assert all(weak.is_weaker_than(strong) for strong, weak in pairwise(levels))
    assert not Level.BWRAP.is_weaker_than(Level.BWRAP)


@pytest.mark.parametrize("level", Level)
def test_the_variable_lowers_the_level(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    best = found().level
    monkeypatch.setenv(trial.VARIABLE, level)
    assert not best.is_weaker_than(found().level)
    assert not level.is_weaker_than(found().level)
    if level is not Level.OTHER_USER:  # which only root has, with a Python that every user can read
        assert found().level is level


def test_another_value_of_the_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(trial.VARIABLE, "docker")
    with pytest.raises(UsageError, match=r"docker.*bwrap, other-user"):
        found()


def test_a_bwrap_that_fails_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert next(trial._programs())[0] == fake
    assert found().bwrap != fake


def test_a_bwrap_in_the_working_folder_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".::bin:/usr/bin:/bin")
    assert all(program.is_absolute() for program, _ in trial._programs())


def test_without_a_bwrap_the_level_is_lower_and_says_how_to_get_a_better_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "_programs", lambda: iter(()))
    means = found()
    assert means.level in (Level.OTHER_USER, Level.LANDLOCK)
    assert "apt-get install bubblewrap" in means.better
    assert not nests(means)


@pytest.mark.parametrize("level", [level for level in Level if level is not Level.BWRAP])
def test_a_level_that_was_asked_for_is_no_fault_of_the_machine(
    level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(trial.VARIABLE, level)
    means = found()
    assert (trial.VARIABLE in means.better) is (means.level is level)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_without_readable_packages_root_does_not_change_to_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "psutil.py"
    package.touch(mode=0o600)
    monkeypatch.setattr(psutil, "__file__", str(package))
    means = found()
    assert means.level in (Level.LANDLOCK, Level.NONE)
    assert not means.switches_user
    assert "every user can read" in means.better


def test_the_best_level_can_hold_walls_in_a_wall() -> None:
    assert found().level is Level.BWRAP
    assert nests(found())


def test_each_level_says_what_it_does_not_promise() -> None:
    assert set(UNPROMISED) == set(Level)
    for sentences in UNPROMISED.values():
        assert sentences
        assert all(sentence.endswith(".") for sentence in sentences)
