"""Sixty submissions, graded on this machine and on a cluster that loses a worker: each verdict as recorded.

They are answers of the library of answers, hostile submissions, and files that are no work. LAB_GRADE_MANY is
the number of them that are graded, for a shorter try.
"""

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TypeVar

import psutil
import pytest

from lab.handouts import Handout, keep
from lab.handouts import Mark as HandoutMark
from lab.json_files import to_json
from lab.library import Library
from lab.operations.grade_one import WORK
from lab.operations.stored_card import read_card
from lab.probing.evidence import Verdict
from lab.runtime.launch import process_id
from lab.runtime.prepared import Prepared
from lab.scorecard.card import Card
from tests.answers.test_answers import ANSWERS, EXPECTED, FEATURE, hand_in
from tests.answers.test_beside import BREAKS
from tests.conftest import PROJECT
from tests.dask import cluster, wait_until
from tests.hostile.submissions import CORNER, read, submitted
from tests.hostile.surroundings import start_victim
from tests.measuring import Bench, copy_shipped

T = TypeVar("T")

MANY = int(os.environ.get("LAB_GRADE_MANY", "60"))
HOSTILE = (
    "crafted_evidence",
    "daemons",
    "disk_filled",
    "endless_output",
    "locks_by_file",
    "many_processes",
    "memory_of_a_child",
    "planted_view",
    "statistics_faked",
    "writes_outside",
)
GROWTH = 24 * 2**20
"""Bytes that the memory of `lab grade` may grow after the first tenth: a bundle and a card have less."""


@dataclass(frozen=True)
class Case:
    """A submission, and what is expected of its card: an empty text, or what is wrong with it."""

    name: str
    make: Callable[[Path], None]
    problem_of: Callable[[Card], str]


def spread(found: Sequence[T], count: int) -> list[T]:
    """So many of them, from the first to the last part."""
    return [found[place * len(found) // count] for place in range(min(count, len(found)))]


def answers(kind: str, count: int, bench: Callable[[Path], Bench]) -> Iterator[Case]:
    """Answers that are whole: those of the feature have their own migration."""
    found = BREAKS if kind == "breaks" else [path for path in ANSWERS if path.name.startswith(f"{kind}_")]
    whole = [path for path in found if path.parent.name != str(FEATURE) or (path / "migration.py").exists()]
    for answer in spread([path for path in whole if not _also(path)], count):
        bug = int(answer.parent.name)

        def make(root: Path, answer: Path = answer, bug: int = bug) -> None:
            hand_in(answer, bench(copy_shipped(root)))
            mark(root, bug)

        def problem_of(card: Card, answer: Path = answer, kind: str = kind) -> str:
            (found,) = card.bugs
            if kind == "breaks":
                broke = card.beside is not None and card.beside.regressions
                return "" if broke or found.verdict.fails_check else "nothing that it breaks was found"
            return "" if found.verdict in EXPECTED[kind] else f"{found.verdict}: {found.why}"

        yield Case(f"{bug}-{answer.name}", make, problem_of)


def _also(answer: Path) -> bool:
    """Whether its break shows only where other bugs are fixed."""
    file = answer / "breaks.toml"
    return file.exists() and bool(tomllib.loads(file.read_text()).get("also"))


def mark(root: Path, bug: int) -> None:
    """Make it the work on a handout with this bug only."""
    record = Handout(f"{bug:012x}", "A", (bug,), (), 90, "allowed", "0002", "t", 1.0, "v", "l")
    keep(Library(PROJECT), record)
    (root / "handout.json").write_text(to_json(HandoutMark(record.id, record.name)))


def hostile(facts: dict[str, object], folder: Path) -> Iterator[Case]:
    for name in HOSTILE:
        one = read(CORNER / name)

        def make(root: Path, name: str = name) -> None:
            one = read(CORNER / name)
            shipped = copy_shipped(folder / name / "shipped")
            with submitted(one, shipped, facts):
                copytree(shipped, root, symlinks=True)
            mark(root, one.bugs[0])

        def problem_of(card: Card, lax: bool = one.verdicts == "any") -> str:
            (found,) = card.bugs
            noted = any("pg_" in note for note in card.notes)
            return (
                "" if lax or noted or found.verdict is not Verdict.FIXED else f"{found.verdict}: {found.why}"
            )

        yield Case(f"hostile-{name}", make, problem_of)


def no_work() -> Iterator[Case]:
    def says(words: str) -> Callable[[Card], str]:
        return lambda card: "" if words in card.problem else f"it says {card.problem!r}"

    def huge(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("app/x", "w") as file:
            for _ in range(201):
                file.write(bytes(2**20))

    def foreign(path: Path) -> None:
        path.mkdir()
        (path / "main.c").write_text("int main() { return 0; }\n")

    yield Case("empty", lambda path: path.mkdir(), says("It is empty."))
    yield Case("foreign", foreign, says("It is no work on this system"))
    yield Case("broken.zip", lambda path: path.write_bytes(b"PK no") and None, says("no zip file"))
    yield Case("huge.zip", huge, says("more than 200 MiB"))


@pytest.fixture(scope="module")
def cases(small_server: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, Case]]:
    """The submissions by their paths."""
    folder, outside = tmp_path_factory.mktemp("in"), tmp_path_factory.mktemp("outside")
    victim = start_victim()
    facts = {
        **dict.fromkeys(("outside", "home", "workspace"), str(outside)),
        "canaries": [str(outside / ".canary")],
        "packages": [],
        "service_ports": [5001, 5003],
        **dict.fromkeys(("database_port", "sink_port"), 1),
        "token": "many",
        "folders": [str(outside)],
        "places": {},
        "live_database": "lab",
        "template": "lab_template",
        "victim": victim.pid,
        "victim_started": process_id(psutil.Process(victim.pid)).started,
    }

    def bench(root: Path) -> Bench:
        return Bench(root, outside, small_server)

    every = [
        *answers("right", 20, bench),
        *answers("wrong", 18, bench),
        *answers("breaks", 8, bench),
        *hostile(facts, outside),
        *no_work(),
    ]
    found = {folder / case.name: case for case in spread(every, MANY)}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAB_HANDOUTS", str(tmp_path_factory.mktemp("records")))
        for path, case in found.items():
            case.make(path)
        yield found
    assert victim.poll() is None
    victim.kill()
    victim.wait()


@dataclass(frozen=True)
class Run:
    """The cards by the submissions' paths, and the memory of `lab grade` after each submission, in bytes."""

    cards: dict[Path, Card]
    memory: list[int]


def graded(cases: dict[Path, Case], out: Path, *words: str, half: Callable[[], None] = lambda: None) -> Run:
    """Run `lab grade` on all; call `half` once half of them have their card."""
    memory = []
    command = [sys.executable, "-P", "-m", "lab", "grade", *map(str, cases), "-o", str(out), *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            if line.startswith("Graded: "):
                memory.append(psutil.Process(process.pid).memory_info().rss)
                if len(memory) == len(cases) // 2:
                    half()
    assert process.returncode == 0
    cards = {path: read_card(out / path.name.removesuffix(".zip")) for path in cases}
    assert not list(out.rglob(WORK))
    return Run({path: card for path, card in cards.items() if card is not None}, memory)


@pytest.mark.prove
@pytest.mark.claim(
    "A submission of many gets its verdict here and on a cluster that loses a worker", "submissions"
)
def test_many_submissions_get_the_same_judgements_here_and_on_a_cluster_that_loses_a_worker(
    cases: dict[Path, Case], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    here = graded(cases, tmp_path / "here", "--jobs", "2")
    with cluster(tmp_path / "cluster") as found:

        def kill() -> None:
            wait_until(lambda: len(found.workers[0].children(recursive=True)) > 2)  # it is grading
            found.workers[0].kill()

        there = graded(cases, tmp_path / "there", "--executor", found.executor, half=kill)
        wait_until(lambda: found.workers[1].children(recursive=True) == [])

    for run in (here, there):
        assert [path.name for path in cases if path not in run.cards] == []
        problems = {path.name: case.problem_of(run.cards[path]) for path, case in cases.items()}
        assert {name: problem for name, problem in problems.items() if problem} == {}
        settled = max(run.memory[: max(1, len(run.memory) // 10)])
        assert max(run.memory) - settled < GROWTH
    assert [path.name for path in cases if here.cards[path].judgement != there.cards[path].judgement] == []
    assert [one for one in psutil.process_iter() if str(tmp_path) in " ".join(words_of(one))] == []
    record_property("proved", len(cases))


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
