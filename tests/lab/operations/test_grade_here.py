"""The same work gets the same judgement: as a folder, as a zip, and from a cluster that loses a worker."""

import csv
from pathlib import Path
from threading import Thread

import pytest

from lab.cli import grade_views
from lab.library import Library
from lab.operations.batch import TABLE
from lab.operations.grade import Graded, grade
from lab.operations.grade_one import WORK
from lab.operations.stored_card import read_card
from lab.probing.evidence import Verdict
from tests.conftest import PROJECT
from tests.dask import cluster, wait_until
from tests.lab.cli.test_inspect_views import lines
from tests.lab.operations.conftest import living_in
from tests.lab.operations.submitted import BUILT_IN, NAMES, naming

LIBRARY = Library(PROJECT)


@pytest.fixture(scope="module")
def here(submissions: Path, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """What this machine says of them, two at the same time."""
    return grade([submissions / name for name in NAMES], tmp_path_factory.mktemp("here"), LIBRARY, jobs=2)


@pytest.mark.slow
def test_each_submission_gets_a_card_and_the_same_work_the_same_judgement(
    submissions: Path, here: Graded
) -> None:
    ada, zipped, broken, empty = here.cards
    assert {bug.number: bug.verdict for bug in ada.bugs} == {
        1: Verdict.FIXED,
        4: Verdict.PRESENT,
        5: Verdict.FIXED,
    }
    assert ada.judgement == zipped.judgement
    assert ada.handout is not None
    assert ada.review is not None
    found = {(one.id, one.file) for one in ada.review.findings}
    assert ("lock-held-while-working", "migrations/versions/0099_index.py") in found
    assert ("shipped-revision-edited", BUILT_IN) in found
    assert [one.revision for one in ada.review.migrations] == ["0099"]
    assert ada.beside is not None
    assert (ada.beside.regressions, ada.beside.problem) == ((), "")
    assert "no zip file" in broken.problem
    assert empty.problem == "It is empty."
    assert here.not_graded == ()

    assert not list(here.out.rglob(WORK))
    assert living_in(here.out) == []
    with (here.out / TABLE).open() as table:
        rows = list(csv.DictReader(table))
    assert [row["submission"] for row in rows] == ["ada", "broken", "empty", "zipped"]
    assert rows[0]["bug 4"] == "present"
    shown = lines(grade_views.graded(here))
    assert any("It is empty." in line for line in shown)
    assert len(list(here.out.glob("*/card.html"))) == len(here.cards)
    assert "broken" in (here.out / "index.html").read_text(encoding="utf-8")

    again = grade([submissions / "ada"], here.out, LIBRARY)
    assert again.cards == (ada,)


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_judgements(
    submissions: Path, here: Graded, tmp_path: Path
) -> None:
    sources = [submissions / name for name in NAMES]
    out = tmp_path / "out"
    with cluster(tmp_path / "cluster") as found:
        batch = Thread(target=grade, args=(sources, out, LIBRARY), kwargs={"executor": found.executor})
        batch.start()
        wait_until(lambda: all(len(one.children(recursive=True)) > 2 for one in found.workers))
        found.workers[0].kill()
        batch.join()
        before = read_card(out / NAMES[0])
        again = grade(sources, out, LIBRARY, executor=found.executor)
    assert again.not_graded == ()
    assert [card.judgement for card in again.cards] == [card.judgement for card in here.cards]
    assert read_card(out / NAMES[0]) == before  # what had its card was not graded again
    assert not list(out.rglob(WORK))
    assert naming(tmp_path) == []
