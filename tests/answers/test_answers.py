"""Every answer in the library gets the verdict that its folder's name says.

An answer is a folder `<bug>/right_<what>` or `<bug>/wrong_<what>` beside this file. It holds `answer.patch`,
a diff in git's form on the shipped code (app/, compose/, migrations/, seed/), and where it changes the schema
`migration.py`, a revision 0003 on 0002 that joins the candidate's history. Right means fixed; wrong means
that the symptom is present or masked, never that it could not be measured. `<bug>/unread_<what>` is right in
a form that the probe cannot follow: it says so, and a person judges.

Answers to bug 7, which is a feature, have most of their code in common. Theirs are diffs on fix 7's code, and
have fix 7's schema where they bring none of their own.

A third kind, `<bug>/breaks_<what>`, cures the bug's own symptom and breaks something beside it or loses data.
Its `breaks.toml` says where this shows, in `route` (method and path) or in `data` (table and column), and in
one sentence, `what`. The tests here leave this kind out.
"""

import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from lab.catalog import Fix
from lab.operations.catalog import catalog_of
from lab.probing.evidence import Verdict
from lab.runtime.prepared import Prepared
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import Bench, copy_shipped, fix

FOLDER = Path(__file__).parent
ANSWERS = sorted(
    path.parent for kind in ("right", "wrong", "unread") for path in FOLDER.glob(f"*/{kind}_*/answer.patch")
)
EXPECTED = {
    "right": {Verdict.FIXED},
    "wrong": {Verdict.PRESENT, Verdict.MASKED},
    "unread": {Verdict.UNMEASURED},
}
PARTS = {"answer.patch", "migration.py", "breaks.toml"}
FEATURE = 7
CONCURRENT = [
    str(found.number)
    for found in catalog_of(Workspace(PROJECT)).measurable
    if found.probe and found.probe.replicas
]
"""The bugs whose probes need replicas: what they judge could depend on luck."""

QUICK = {("3", "wrong"), ("5", "right")}
"""Bugs and kinds: the first answer of each is judged in `make test`."""

BOXED = {
    min(path for path in ANSWERS if path.parent.name == bug) for bug in {path.parent.name for path in ANSWERS}
}
"""The answers that `make test-slow` judges in a box: one of each bug."""

SAMPLE = 4
"""Of so many answers, `make test-slow` judges one."""


def _name(answer: Path) -> str:
    return f"{answer.parent.name}-{answer.name}"


def _cases() -> Iterator[Any]:
    """Every answer: one of each pair in QUICK is quick, some are slow, the rest are left to be proved."""
    for (bug, kind), group in groupby(ANSWERS, key=lambda path: (path.parent.name, path.name.split("_")[0])):
        quick = (bug, kind) in QUICK
        for place, path in enumerate(group):
            later = pytest.mark.prove if place % SAMPLE else pytest.mark.slow
            yield pytest.param(path, id=_name(path), marks=[] if quick and place == 0 else [later])


def _boxed(path: Path) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow if path in BOXED else pytest.mark.prove]


@pytest.mark.claim("Every answer gets the verdict that its name says", "answers")
@pytest.mark.parametrize("answer", list(_cases()))
def test_answer_is_judged_by_its_name(answer: Path, full_server: Prepared, tmp_path: Path) -> None:
    judge(answer, full_server, tmp_path)


@pytest.mark.claim("Every answer gets the verdict that its name says, in a box too", "answers")
@pytest.mark.parametrize(
    "answer", [pytest.param(path, id=_name(path), marks=_boxed(path)) for path in ANSWERS]
)
def test_answer_is_judged_by_its_name_in_a_box(answer: Path, full_server: Prepared, tmp_path: Path) -> None:
    judge(answer, full_server, tmp_path, box=True)


@pytest.mark.prove
@pytest.mark.claim("An answer to a bug of concurrency gets the same verdict each time", "verdicts")
@pytest.mark.parametrize("turn", range(2, 6))
@pytest.mark.parametrize("answer", [case for case in ANSWERS if case.parent.name in CONCURRENT], ids=_name)
def test_answer_is_judged_by_its_name_again(
    answer: Path, turn: int, full_server: Prepared, tmp_path: Path
) -> None:
    judge(answer, full_server, tmp_path)


def judge(answer: Path, full_server: Prepared, tmp_path: Path, *, box: bool = False) -> None:
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)
    bug = int(answer.parent.name)
    measure = bench.measure_in_box if box else bench.measure
    evidence = measure(bug, fixes=hand_in(answer, bench))[bug]
    assert evidence.verdict in EXPECTED[answer.name.partition("_")[0]], evidence.why


def hand_in(answer: Path, bench: Bench) -> tuple[Fix, ...]:
    """Put the answer into the workspace. Return the fixes whose schema it needs."""
    ours = fix(FEATURE) if answer.parent.name == str(FEATURE) else None
    if ours is not None:
        bench.patch(ours.folder / "code.patch")
    bench.patch(answer / "answer.patch")
    if (answer / "migration.py").exists():
        shutil.copy(answer / "migration.py", bench.root / "migrations" / "versions" / "0003_answer.py")
        return ()
    return (ours,) if ours else ()


def test_every_bug_has_answers_of_both_kinds() -> None:
    kinds = {(int(path.parent.name), path.name.partition("_")[0]) for path in ANSWERS}
    kinds = {(bug, kind) for bug, kind in kinds if kind != "unread"}
    measurable = catalog_of(Workspace(PROJECT)).measurable
    assert kinds == {(found.number, kind) for found in measurable for kind in ("right", "wrong")}


def test_an_answer_has_no_stray_files() -> None:
    strays = [
        path
        for answer in FOLDER.glob("[0-9]*/*_*")
        for path in answer.iterdir()
        if path.name not in PARTS and path.name != "__pycache__"
    ]
    assert strays == []
