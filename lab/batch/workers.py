"""Who grades: threads that wait for processes of this machine, or the workers of a cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab.batch.scratch import remove_scratch
from lab.batch.task import PREFIX, run_bundle

Run = Callable[[bytes, str, float], bytes]
"""Bundle, version of lab, seconds: result. Raises as `run_bundle` does."""


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor, the function that it is to call, and how many bundles they grade at the same time.

    `lost` are the errors that say that a worker died, whatever it was doing.
    """

    executor: Executor
    run: Run
    width: int
    lost: tuple[type[Exception], ...] = ()


@contextmanager
def local_workers(jobs: int, folder: Path, abandoned: Callable[[], bool]) -> Iterator[Workers]:
    """Yield workers on this machine, `jobs` at the same time, that work in `folder`.

    What an earlier batch left there is removed first: no other may work there. They give up once `abandoned`
    returns True.
    """
    for left in folder.glob(f"{PREFIX}*"):
        remove_scratch(left)
    with ThreadPoolExecutor(jobs) as executor:
        yield Workers(executor, partial(run_bundle, folder=folder, abandoned=abandoned), jobs)
