"""Grading with two jobs on two cores, compared to one job that is pinned to one core."""

import os
import sys
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from benchmarks.pairs import Comparison, medians, timed
from lab.operations.prepared import CACHE_VARIABLE
from lab.shell import run
from tests.measuring import copy_shipped

SUBMISSIONS = 4
ROUNDS = 2
EFFICIENCY = 0.85
"""Of twice the work of one core, two cores do at least this part in the same time."""

PINNED = """
import os, sys
os.sched_setaffinity(0, {cores})
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def two_jobs() -> Comparison | None:
    """Compare a core's seconds for each submission. Returns None on a machine without two cores to pin to."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        return None
    with TemporaryDirectory(prefix="lab-bench-") as folder, TemporaryDirectory(prefix="lab-cache-") as cache:
        os.environ[CACHE_VARIABLE] = cache
        shipped = copy_shipped(Path(folder) / "in" / "0")
        sources = [shipped, *(copytree(shipped, Path(folder) / "in" / str(n)) for n in range(1, SUBMISSIONS))]
        _grade(sources[:1], Path(folder), cores[:2], 1)  # what the cache keeps is made once

        def two() -> float:
            return 2 * timed(lambda: _grade(sources, Path(folder), cores[:2], 2)) / SUBMISSIONS

        def one() -> float:
            return timed(lambda: _grade(sources, Path(folder), cores[:1], 1)) / SUBMISSIONS

        seconds = medians(two, one, ROUNDS)
    return Comparison("lab grade --jobs 2, on 2 cores", "1 job on 1 core", *seconds, allowed=1 / EFFICIENCY)


def _grade(sources: list[Path], folder: Path, cores: list[int], jobs: int) -> None:
    with TemporaryDirectory(prefix="out-", dir=folder) as out:
        words = ["-m", "lab", "grade", *sources, "--out", out, "--jobs", str(jobs)]
        finished = run([sys.executable, "-c", PINNED.format(cores=set(cores)), *words], timeout=3600)
    if finished.code != 0:
        raise SystemExit(f"lab grade failed: {finished.stderr.decode()}")
