"""A Dask cluster of real processes on 127.0.0.1, as docs/scale.md starts one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ONE_TRY = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
DEADLINE = 120.0  # seconds


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once it is true; fail if it does not become so."""
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, "what was waited for did not come"
        time.sleep(0.05)


@dataclass(frozen=True)
class Cluster:
    """`executor` is what `lab grade --executor` takes; the workers' files are in `folder`."""

    executor: str
    folder: Path
    scheduler: psutil.Popen
    workers: list[psutil.Popen]


@contextmanager
def cluster(
    folder: Path,
    workers: int = 2,
    *,
    resources: str = "lab=1",
    scheduler: Mapping[str, str] = ONE_TRY,
    environment: Mapping[str, str] | None = None,
    tls: Sequence[str] = (),
    dashboard: str = "127.0.0.1:0",
) -> Iterator[Cluster]:
    """A scheduler and its workers, which keep their files in `folder`. All are killed at the end.

    `tls` are options with which all of them encrypt.
    """
    file = folder / "scheduler.json"
    folder.mkdir(parents=True, exist_ok=True)
    common = [*tls, "--host", "127.0.0.1", "--scheduler-file", str(file), "--no-dashboard"]
    common += ["--dashboard-address", dashboard]
    options = ["--nthreads", "1", "--no-nanny", "--resources", resources, "--local-directory", str(folder)]
    with ExitStack() as stack:
        first = stack.enter_context(
            _process(["scheduler", "--port", "0", *common], folder / "scheduler.log", scheduler)
        )
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        started = [
            stack.enter_context(
                _process(["worker", *common, *options], folder / f"worker-{number}.log", environment or {})
            )
            for number in range(workers)
        ]
        for number in range(workers):
            wait_until(lambda number=number: "Registered to" in (folder / f"worker-{number}.log").read_text())
        yield Cluster(address.replace("tcp:", "dask:"), folder, first, started)


@contextmanager
def _process(words: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[psutil.Popen]:
    with log.open("wb") as output:
        process = psutil.Popen(
            [sys.executable, "-P", "-m", f"distributed.cli.dask_{words[0]}", *words[1:]],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.is_running():
            process.kill()
        process.wait()
