"""A right answer breaks nothing: with other life cycles too, beside busy loops, and again and again."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from lab import shipped
from lab.catalog import Fix
from lab.operations.catalog import catalog_of
from lab.operations.contract import CANDIDATE, REFERENCE, compare
from lab.operations.target import Target
from lab.probing.evidence import Evidence, Verdict
from lab.probing.loading import load_contract
from lab.progress import silent
from lab.runtime.prepared import Prepared
from lab.shadow import leftovers
from lab.shadow.shadow import Source, read_material
from lab.shadow.system import system
from lab.workspace import Workspace
from tests.answers.test_answers import hand_in
from tests.answers.test_beside import RIGHT
from tests.conftest import PROJECT
from tests.measuring import Bench, busy_loops, copy_shipped, fix, numbers

SEEDS = (1, 2, 3)
TURNS = 50
OF_CONCURRENCY = [path for path in RIGHT if path.parent.name == "3"]
GIVES_UP = [path for path in RIGHT if path.name == "right_serializable_with_retry"]
"""They give up after many conflicts with transactions on other rows, which is noted."""

REFUSED = re.compile(r"\d+ sequences? of requests met an error while others were sent, ")
FIXES = sorted(numbers().values())


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def handed_in(answer: Path, prepared: Prepared, folder: Path) -> tuple[Bench, tuple[Fix, ...], list[int]]:
    bench = Bench(copy_shipped(folder / "workspace"), folder / "runs", prepared)
    return bench, hand_in(answer, bench), [int(answer.parent.name)]


def fixed(number: int, prepared: Prepared, folder: Path) -> tuple[Bench, tuple[Fix, ...], list[int]]:
    bench = Bench(copy_shipped(folder / "workspace"), folder / "runs", prepared)
    bench.patch(fix(number).folder / "code.patch")
    return bench, (fix(number),), [number]


def beside(bench: Bench, fixes: tuple[Fix, ...], bugs: Sequence[int], seeds: Sequence[int]) -> Iterator[str]:
    """What is found and noted beside these bugs, with each seed; an empty text if nothing is."""
    workspace = Workspace(bench.root)
    shipped.keep(workspace)
    contract = load_contract(PROJECT / "probes")
    assert contract is not None
    target = Target(workspace, "", bench.prepared, catalog_of(Workspace(PROJECT)))
    evidence = [Evidence(Verdict.FIXED, "It is.", bug=bug) for bug in bugs]
    source = Source(workspace, bench.prepared, None, lambda: fixes)
    for turn, seed in enumerate(seeds):
        run = bench.runs / f"{seed} {turn}"
        reserved = leftovers.reserve(run)
        material = read_material(source, reserved, silent)
        start = partial(system, material, bench.prepared, run / CANDIDATE, contract.rows)
        found = compare(target, contract, evidence, run / REFERENCE, start, silent, seed=seed)
        leftovers.remove(reserved)
        yield " ".join(filter(None, (found.problem, *map(str, found.regressions), *found.notes)))


def quiet_and_busy(bench: Bench, fixes: tuple[Fix, ...], bugs: Sequence[int]) -> list[str]:
    found = list(beside(bench, fixes, bugs, SEEDS))
    with busy_loops(2):
        return found + list(beside(bench, fixes, bugs, SEEDS))


def wrong(found: Sequence[str], answer: Path) -> list[str]:
    """What must not be found beside this answer."""
    return [one for one in found if one and not (answer in GIVES_UP and REFUSED.match(one))]


Record = Callable[[str, object], None]
claim = pytest.mark.claim(
    "Beside a right answer nothing is broken, with any seed, also beside busy loops", "checks"
)


@claim
@pytest.mark.prove
@pytest.mark.parametrize("answer", RIGHT, ids=_named)
def test_beside_a_right_answer_nothing_is_broken_with_any_seed(
    answer: Path, full_server: Prepared, tmp_path: Path, record_property: Record
) -> None:
    found = quiet_and_busy(*handed_in(answer, full_server, tmp_path))
    assert wrong(found, answer) == []
    record_property("proved", len(found))


@claim
@pytest.mark.prove
@pytest.mark.parametrize("number", FIXES)
def test_beside_a_fix_nothing_is_broken_with_any_seed_and_again_and_again(
    number: int, full_server: Prepared, tmp_path: Path, record_property: Record
) -> None:
    given = fixed(number, full_server, tmp_path)
    found = quiet_and_busy(*given) + list(beside(*given, [1] * TURNS))
    assert found == [""] * len(found)
    record_property("proved", len(found))


@claim
@pytest.mark.prove
@pytest.mark.parametrize("answer", OF_CONCURRENCY, ids=_named)
def test_beside_an_answer_of_concurrency_nothing_is_broken_again_and_again(
    answer: Path, full_server: Prepared, tmp_path: Path, record_property: Record
) -> None:
    found = list(beside(*handed_in(answer, full_server, tmp_path), [1] * TURNS))
    assert wrong(found, answer) == []
    record_property("proved", len(found))
