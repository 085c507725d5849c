"""Every subset of the fixes, reached in any order, gives the same code and schema; reverted, no trace.

`make test-slow` walks to every one of them, `make prove` does so in many orders.
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import pytest

from lab.catalog import Catalog
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.workspace import Workspace
from tests.conftest import PROJECT, Server
from tests.fixes.walk import code
from tests.fixes.workspaces import copy_project

WALKERS = 2
Walked = dict[tuple[int, ...], dict]


@pytest.fixture(scope="module")
def walked(
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
    template: str,
    catalog: Catalog,
) -> Walked:
    """What was found at each subset."""
    return walk(every_subset(catalog), 1, tmp_path_factory, server, template)


def every_subset(catalog: Catalog) -> list[tuple[int, ...]]:
    numbers = [fix.number for fix in catalog.fixes]
    return [s for size in range(len(numbers) + 1) for s in itertools.combinations(numbers, size)]


def walk(
    subsets: list[tuple[int, ...]],
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
    template: str,
) -> Walked:
    """Reach each subset in an order that `seed` decides; returns what was found at each."""
    with ExitStack() as databases, ThreadPoolExecutor(WALKERS) as pool:
        jobs = []
        for walker in range(WALKERS):
            root = tmp_path_factory.mktemp(f"walker{walker}")
            url = server.create(root.name, template)
            databases.callback(server.drop, root.name)
            workspace = copy_project(root, url)
            share = [",".join(map(str, subset)) or "none" for subset in subsets[walker::WALKERS]]
            jobs.append(pool.submit(_walk, workspace.root, seed, share))
        found = {tuple(line["subset"]): line for job in jobs for line in job.result()}
    assert set(found) == set(subsets)
    return found


def _walk(root: Path, seed: int, subsets: list[str]) -> list[dict]:
    argv = [sys.executable, "-m", "tests.fixes.walk", str(root), str(seed), *subsets]
    finished = subprocess.run(argv, cwd=PROJECT, capture_output=True, timeout=600, check=False)
    assert finished.returncode == 0, finished.stderr.decode()
    return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.mark.slow
def test_a_subset_is_the_same_code_whatever_the_order(walked: Walked, catalog: Catalog) -> None:
    """Each is held against the fixes put on one after the other, by rising number, in memory."""
    shipped = walked[()]["code"]
    texts = ShippedTexts(Workspace(PROJECT))
    for subset, found in walked.items():
        files = {PurePosixPath(path): text.encode("latin-1") for path, text in shipped.items()}
        for fix in (fix for fix in catalog.fixes if fix.number in subset):
            for change in Patcher(texts).change(fix, Verb.APPLY, files.get):
                assert change.after is not None
                files[change.path] = change.after
        assert found["code"] == {str(path): text.decode("latin-1") for path, text in files.items()}, found[
            "order"
        ]


@pytest.mark.slow
def test_a_subset_is_the_same_schema_whatever_the_order(walked: Walked) -> None:
    """Each is the shipped schema and what each of its fixes makes on its own, line by line."""
    shipped = set(walked[()]["schema"])
    for subset, found in walked.items():
        alone = [set(walked[(number,)]["schema"]) for number in subset]
        gone = set[str]().union(*(shipped - one for one in alone))
        expected = (shipped - gone).union(*(one - shipped for one in alone))
        assert set(found["schema"]) == expected, found["order"]


@pytest.mark.slow
def test_the_models_declare_what_the_migrations_make(walked: Walked) -> None:
    assert {subset: found["check"] for subset, found in walked.items() if found["check"]} == {}


@pytest.mark.slow
def test_reverting_gives_back_the_shipped_bytes_and_schema(walked: Walked) -> None:
    assert [(found["order"], found["back"]) for found in walked.values() if not found["clean"]] == []


def test_the_patches_were_made_from_the_code_that_is_shipped(catalog: Catalog) -> None:
    """Made from anything else, a patch would only land by the grace of the merge."""
    texts = code(PROJECT)
    for fix in catalog.fixes:
        for file in (file for file in fix.files if not file.is_new):
            assert file.apply(texts[str(file.path)].encode("latin-1"))


@pytest.mark.slow
def test_the_fixes_make_something_in_the_schema(walked: Walked, catalog: Catalog) -> None:
    """Or the comparisons above would compare nothing."""
    shipped = set(walked[()]["schema"])
    for fix in catalog.fixes:
        assert bool(set(walked[(fix.number,)]["schema"]) - shipped) == bool(fix.objects)
        assert walked[(fix.number,)]["code"] != walked[()]["code"]


@pytest.mark.prove
@pytest.mark.claim(
    "A subset of the fixes is the same code and schema in whatever order it is reached", "walks"
)
@pytest.mark.parametrize("seed", range(2, 10))
def test_every_subset_is_the_same_in_other_orders(
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
    template: str,
    catalog: Catalog,
    record_property: Callable[[str, object], None],
) -> None:
    walked = walk(every_subset(catalog), seed, tmp_path_factory, server, template)
    record_property("proved", len(walked))
    test_a_subset_is_the_same_code_whatever_the_order(walked, catalog)
    test_a_subset_is_the_same_schema_whatever_the_order(walked)
    test_the_models_declare_what_the_migrations_make(walked)
    test_reverting_gives_back_the_shipped_bytes_and_schema(walked)
