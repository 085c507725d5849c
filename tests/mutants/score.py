"""Count how many mutants of the fixed app the checks find: python -m tests.mutants.score [--only TEXT]

Each mutant gets a database of its own and the requests that the fixed app got, until an answer differs. What
no answer shows is measured by the probes of the bugs. Unmutated controls run in between: if one differs, the
whole run is worthless.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from lab.catalog import Fix
from lab.library import Library
from lab.operations.contract import SEED
from lab.operations.ownership import Dataset
from lab.operations.prepared import prepared_server
from lab.probing.contract.declared import difference
from lab.probing.contract.normal import normal
from lab.probing.contract.player import Player
from lab.probing.contract.script import Answer, Task
from lab.probing.evidence import Verdict
from lab.probing.loading import Contract, load_contract
from lab.progress import silent
from lab.runtime import databases
from lab.runtime.prepared import Prepared
from lab.shadow import leftovers
from lab.shadow.server import ShadowServer
from lab.shadow.shadow import Source, read_material, serve, starter_of
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import Bench, fix, numbers
from tests.mutants.applying import diff, mutated
from tests.mutants.fixed_code import copy_fixed
from tests.mutants.places import Mutant
from tests.mutants.sample import counted, probe_for

WANTED = 0.95
CONTROL_EVERY = 40
"""Of so many mutants, one is followed by a control."""

CHUNK = 60
"""Scripts that are sent before their answers are compared: most mutants differ soon."""


@dataclass(frozen=True)
class Result:
    """What found the mutant: a request, a bug's probe, or nothing (empty). `mutant` is None for a control."""

    mutant: Mutant | None
    found: str


class Scoring:
    """The server with the databases of all mutants, and the answers of the fixed app."""

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        contract = load_contract(PROJECT / "probes")
        assert contract is not None
        self._contract: Contract = contract
        self._prepared, self._folder = prepared, folder
        self._fixes = tuple(fix(number) for number in sorted(numbers().values()))
        self._names = itertools.count()
        self._probing = Lock()  # fixes' migrations run in this process, one at a time
        self._server: ShadowServer | None = None
        self._expected: list[list[Answer]] = []
        spare = iter(contract.spare)
        self._tasks = [
            Task(script, {name: next(spare) for name in script.fresh})
            for script in sorted(contract.scripts(SEED), key=lambda one: not one.alone)
        ]

    @contextmanager
    def running(self) -> Iterator["Scoring"]:
        reserved = leftovers.reserve(self._folder / "server")
        try:
            self._server = serve(self._prepared, reserved, self._fixes, self._contract.rows)
            self._expected = [answers for _, answers in self._answers(None)]
            yield self
        finally:
            leftovers.remove(reserved)

    def result(self, mutant: Mutant | None) -> Result:
        """Send the requests to the mutant until one shows it; then ask the probes."""
        for place, (task, answers) in enumerate(self._answers(mutant)):
            for call, one, other in zip(task.script.calls, self._expected[place], answers, strict=True):
                if found := difference(call, one, other, self._contract.declared):
                    where = f" {found.where}: {found.expected} → {found.actual}"
                    return Result(mutant, f"{call.method} {call.path}{where[:120]}")
        return Result(mutant, self._probed(mutant) if mutant else "")

    def _answers(self, mutant: Mutant | None) -> Iterator[tuple[Task, list[Answer]]]:
        with self._services(mutant) as urls:
            if isinstance(urls, str):
                task = self._tasks[0]
                problem = Answer(None, None, 0, 0, urls)
                yield task, [problem for _ in task.script.calls]
                return
            player = Player(urls)
            for start in range(0, len(self._tasks), CHUNK):
                chunk = self._tasks[start : start + CHUNK]
                for task, transcript in zip(chunk, player.play(chunk), strict=True):
                    yield task, normal(task, transcript)

    @contextmanager
    def _services(self, mutant: Mutant | None) -> Iterator[dict[str, list[str]] | str]:
        """Start the services of the mutant on a new database. Yield their URLs, or why one does not run."""
        server = self._server
        assert server is not None
        name = f"mutant_{next(self._names)}"
        folder = self._folder / name
        reserved = leftovers.reserve(folder)
        root = self._root(mutant, folder / "workspace")
        databases.create(server.account, name, template=server.database)
        try:
            source = Source(Workspace(root), self._prepared, None, lambda: self._fixes)
            material = read_material(source, reserved, silent)
            own = ShadowServer(server.account, name)
            starter = starter_of(material, own, reserved)
            services = ("device-service", "workflow-service")
            started = starter.start(*services)
            problems = [f"{one.name} {one.problem}" for one in started if one.problem]
            urls = {service: [one.url] for service, one in zip(services, started, strict=True)}
            yield "; ".join(problems) or urls
        finally:
            leftovers.kill_services(reserved)
            databases.drop(server.account, name)
            leftovers.remove(reserved)

    def _root(self, mutant: Mutant | None, root: Path) -> Path:
        copy_fixed(root)
        if mutant is not None:
            mutated(root, mutant)
        return root

    def _probed(self, mutant: Mutant) -> str:
        """Return the verdict of the first bug that is not fixed, or nothing."""
        folder = self._folder / f"probed_{next(self._names)}"
        bench = Bench(self._root(mutant, folder / "workspace"), folder / "runs", self._prepared)
        known = numbers()
        only = probe_for(mutant)
        bugs = [known[only]] if only else sorted(known.values())
        fixes: tuple[Fix, ...] = self._fixes
        with self._probing:
            found = bench.measure(*bugs, fixes=fixes)
        for bug, evidence in found.items():
            if evidence.verdict is not Verdict.FIXED:
                return f"bug {bug} {evidence.verdict}: {evidence.why}"
        return ""


def score(
    prepared: Prepared,
    folder: Path,
    mutants: Sequence[Mutant],
    report: Callable[[Result], None] = lambda _: None,
    jobs: int = 2,
) -> list[Result]:
    """Return what found each mutant, and each control. Calls `report` with each result."""
    work: list[Mutant | None] = []
    for place, mutant in enumerate(mutants):
        work += [None, mutant] if place % CONTROL_EVERY == 0 else [mutant]

    with Scoring(prepared, folder).running() as scoring, ThreadPoolExecutor(jobs) as pool:

        def one(mutant: Mutant | None) -> Result:
            found = scoring.result(mutant)
            report(found)
            return found

        return list(pool.map(one, work))


def summary(results: Sequence[Result]) -> str:
    """Return the survivors with their diffs, and the score."""
    mutants = [one for one in results if one.mutant is not None]
    survivors = [one.mutant for one in mutants if one.mutant and not one.found]
    controls = [one for one in results if one.mutant is None]
    differ = [one.found for one in controls if one.found]
    found = len(mutants) - len(survivors)
    parts = [f"{mutant.id}\n{diff(mutant)}" for mutant in survivors]
    parts.append(f"{found} of {len(mutants)} found ({found / max(len(mutants), 1):.1%})")
    parts.append(f"{len(differ)} of {len(controls)} controls differ {differ or ''}")
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.score", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose id has this text")
    parser.add_argument("--part", type=int, default=1, metavar="N", help="every Nth of them (default: all)")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="mutants at the same time (default: 2)"
    )
    wanted = parser.parse_args()
    mutants = [one for one in counted() if wanted.only in one.id][:: wanted.part]
    workspace = Workspace(PROJECT / "anywhere", Library(PROJECT))
    prepared = prepared_server(workspace, Dataset(300_000), silent)

    def report(result: Result) -> None:
        name = result.mutant.id if result.mutant else "control"
        sys.stdout.write(f"{name} | {result.found}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        results = score(prepared, Path(folder), mutants, report, wanted.jobs)
    sys.stdout.write(f"{summary(results)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
