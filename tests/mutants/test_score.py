"""The checks find nearly every mistake that a client can see."""

import sys
from pathlib import Path

import pytest

from lab.runtime.prepared import Prepared
from tests.mutants.sample import counted
from tests.mutants.score import WANTED, score, summary


@pytest.mark.slow
def test_a_few_mistakes_are_found_and_no_control_differs(full_server: Prepared, tmp_path: Path) -> None:
    results = score(full_server, tmp_path, counted()[::80])
    assert [one.found for one in results if one.mutant is None] == [""]
    assert all(one.found for one in results if one.mutant is not None), summary(results)


@pytest.mark.prove
@pytest.mark.claim("A small mistake in the fixed code is found", "mutants")
def test_nearly_all_mistakes_are_found(full_server: Prepared, tmp_path: Path) -> None:
    results = score(full_server, tmp_path, counted())
    text = summary(results)
    sys.stdout.write(text)
    assert [one.found for one in results if one.mutant is None and one.found] == []
    mutants = [one for one in results if one.mutant is not None]
    assert sum(bool(one.found) for one in mutants) >= WANTED * len(mutants), text
