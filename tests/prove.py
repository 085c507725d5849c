"""Prove by repetition what a few runs only make likely: python -m tests.prove [--only EXPRESSION] [--jobs N]

Runs every test that has a claim, and writes to docs/proof.md how often each claim held. A result is kept in
.prove/<commit>.jsonl as soon as the test has ended: the next run of that commit runs what has not passed yet.
"""

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
KEPT = PROJECT / ".prove"
TABLE = PROJECT / "docs" / "proof.md"
HEAD = """\
# What is proved by repetition

A verdict, a fix and a recovery must not depend on luck. `make prove` tries each of these claims many times
and writes this page; a run that was cut is continued by the next one.

Commit `{commit}`. Last run: {date}.

| claim | held | failures | tests that passed | minutes of work |
| --- | ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Item:
    """One test with a claim; what it counts for is given in `unit`."""

    id: str
    claim: str
    unit: str


@dataclass(frozen=True)
class Result:
    """How one run of a test ended, and how many of its claim's units it has proved."""

    id: str
    passed: bool
    proved: int
    seconds: float


@dataclass
class Collector:
    """Takes down all tests with a claim, and those of them that are selected."""

    every: list[Item] = field(default_factory=list)
    selected: list[Item] = field(default_factory=list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.every = _with_claims(items)  # before -k leaves some out

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.selected = _with_claims(session.items)


@dataclass
class Keeper:
    """Appends the result of each test to a file when the test has ended."""

    file: Path
    running: dict[str, Result] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self.running.pop(report.nodeid, Result(report.nodeid, True, 1, 0.0))
        proved = dict(report.user_properties).get("proved", 1)
        assert isinstance(proved, int)
        result = Result(
            report.nodeid, before.passed and report.passed, proved, before.seconds + report.duration
        )
        if report.when in {"setup", "call"}:
            self.running[report.nodeid] = result
        else:  # the teardown, or the process that ran it has died
            line = {**asdict(result), "seconds": round(result.seconds, 1), "at": round(time.time())}
            with self.file.open("a") as kept:
                kept.write(json.dumps(line) + "\n")


def main(arguments: list[str]) -> int:
    """Returns 0 when all that was selected has passed, 1 when not, 2 when there is no commit to prove."""
    parser = argparse.ArgumentParser(prog="make prove")
    parser.add_argument("--only", default="", metavar="EXPRESSION", help="as pytest -k takes it")
    parser.add_argument("--jobs", default="4", metavar="N", help="how many processes")
    options = parser.parse_args(arguments)
    if changed := _git("status", "--porcelain", "--", ".", f":!{TABLE.relative_to(PROJECT)}"):
        sys.stderr.write(f"Commit first: a proof is one of a commit. Changed:\n{changed}\n")
        return 2
    commit = _git("rev-parse", "HEAD")
    KEPT.mkdir(exist_ok=True)
    file = KEPT / f"{commit}.jsonl"
    _cut_to_whole_lines(file)
    collected = _collect(options.only)
    proved = {result.id for result in _read(file) if result.passed}
    left = [item for item in collected.selected if item.id not in proved]
    sys.stderr.write(
        f"{len(collected.selected) - len(left)} of {len(collected.selected)} have passed before.\n"
    )
    all_passed = not left or _run(left, options.jobs, Keeper(file)) == pytest.ExitCode.OK
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table(commit, collected.every, _read(file)))
    sys.stderr.write(f"Written: {TABLE.relative_to(PROJECT)}\n")
    return 0 if all_passed else 1


def table(commit: str, items: Iterable[Item], results: Iterable[Result]) -> str:
    """The page: a row for each claim, and the tests that failed. A failure counts even if it passed later."""
    runs: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        runs[result.id].append(result)
    claims: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        claims[item.claim, item.unit].append(item)
    rows, failed = [], []
    for (claim, unit), own in sorted(claims.items()):
        all_runs = [run for item in own for run in runs[item.id]]
        passed = {run.id: run for run in all_runs if run.passed}
        failures = [run for run in all_runs if not run.passed]
        failed += [run.id for run in failures]
        held = sum(run.proved for run in passed.values())
        minutes = sum(run.seconds for run in all_runs) / 60
        row = (claim, f"{held:,} {unit}", len(failures), f"{len(passed)} of {len(own)}", f"{minutes:.1f}")
        rows.append(f"| {' | '.join(map(str, row))} |\n")
    date = time.strftime("%Y-%m-%d", time.gmtime())
    text = HEAD.format(commit=commit, date=date) + "".join(rows)
    return text + "".join(["\n## Failures\n\n", *(f"- `{name}`\n" for name in failed)] if failed else [])


def _collect(expression: str) -> Collector:
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(["--collect-only", "-q", "-k", expression], plugins=[collector])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise SystemExit(said.getvalue())
    return collector


def _run(items: Iterable[Item], jobs: str, keeper: Keeper) -> int | pytest.ExitCode:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.writelines(f"{item.id}\n" for item in items)
        names.flush()
        return pytest.main(["-n", jobs, "-q", f"@{names.name}"], plugins=[keeper])


def _cut_to_whole_lines(file: Path) -> None:
    """Remove a last line that was being written when the process was killed."""
    text = file.read_text() if file.exists() else ""
    file.write_text(text[: text.rfind("\n") + 1])


def _read(file: Path) -> list[Result]:
    """The results, in the order in which they came."""
    documents = [json.loads(line) for line in file.read_text().splitlines()]
    return [Result(one["id"], one["passed"], one["proved"], one["seconds"]) for one in documents]


def _with_claims(items: Iterable[pytest.Item]) -> list[Item]:
    found = []
    for item in items:
        if mark := item.get_closest_marker("claim"):
            text, unit = mark.args
            found.append(Item(item.nodeid, text, unit))
    return found


def _git(*words: str) -> str:
    finished = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=True)
    return finished.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
