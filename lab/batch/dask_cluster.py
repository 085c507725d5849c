"""A Dask cluster as workers. Only this module knows `distributed`, which is imported when it is needed.

Who reaches a scheduler or a worker can run any code there. So plain connections stay on this machine.
https://distributed.dask.org/en/stable/limitations.html#security
"""

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from lab import __version__
from lab.batch.task import run_bundle
from lab.batch.workers import Workers
from lab.errors import EnvironmentFault, UsageError

RESOURCE = "lab"
SCHEMES = {"dask": "tcp", "tls": "tls"}
CONNECT_TIMEOUT = 10.0
ENDING = {"closing", "closed", "failed", "stopping", "stopped"}
LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado.application")
START = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=0 dask scheduler --host 127.0.0.1"
HERE = "--host 127.0.0.1 --dashboard-address 127.0.0.1:0"
"""Options with which a process of the cluster listens on this machine only. --no-dashboard still listens."""


def address_of(executor: str) -> str:
    """Return the scheduler's address, as `distributed` takes it, from dask://HOST:PORT or tls://HOST:PORT.

    Raises:
        UsageError: it is none of them, or dask:// to another machine, which would not be encrypted.
    """
    try:
        url = urlsplit(executor)
        host, port = url.hostname or "", url.port
    except ValueError:
        host, port = "", None
    if not host or port is None or url.scheme not in SCHEMES or url.path or url.query or url.username:
        raise UsageError(
            f"{executor!r} is no address of workers.",
            "Name a scheduler: dask://127.0.0.1:8786 or tls://HOST:PORT",
        )
    if url.scheme == "dask" and not is_loopback(host):
        raise UsageError(
            f"dask:// is not encrypted, and {host} is another machine: others could run code by it.",
            f"Use certificates: tls://{host}:{port}. See docs/scale.md.",
        )
    return f"{SCHEMES[url.scheme]}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine's own address, such as 127.0.0.1."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def dask_workers(executor: str, least: int) -> Iterator[Workers]:
    """Yield the workers of the cluster at dask://HOST:PORT or tls://HOST:PORT that have the resource `lab`.

    They are given one bundle at a time, and `least` or more in all. At the end, what they still run is ended.

    Raises:
        UsageError: as `address_of`; no certificates are named for tls://; or the cluster can be reached from
            other machines without encryption.
        EnvironmentFault: `distributed` is missing, there is no scheduler, it has no such workers, their
            version of lab is another one, or it would give a submission that ended a worker to others.
    """
    address = address_of(executor)
    try:
        from distributed import Client, KilledWorker, Security
    except ModuleNotFoundError as error:
        remedy = "Install the extra dask of the wheel: docs/scale.md says how."
        raise EnvironmentFault(f"A Dask cluster needs {error.name}, which is missing.", remedy) from error
    encrypted = address.startswith("tls:")
    with_types: Any = Security  # it has none, and neither has the client
    if encrypted and with_types().get_connection_args("client").get("ssl_context") is None:
        raise UsageError(
            "tls:// needs certificates, and none are named.",
            "Name them in DASK_DISTRIBUTED__COMM__TLS__CA_FILE and the like: see docs/scale.md.",
        )
    for name in LOGGERS:  # it logs tracebacks, and what they say is in our errors
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        connect: Any = Client
        client = connect(address, timeout=CONNECT_TIMEOUT, set_as_default=False, name="lab")
    except (OSError, ValueError) as error:
        remedy = "Start one: docs/scale.md says how."
        raise EnvironmentFault(f"There is no Dask scheduler at {executor} that answers.", remedy) from error
    try:
        found = _usable(client, encrypted=encrypted)
        pool = client.get_executor(pure=False, resources={RESOURCE: 1})
        yield Workers(pool, run_on_worker, max(least, found), (KilledWorker,))
    finally:
        client.close(timeout=CONNECT_TIMEOUT)  # the scheduler then cancels all that this client asked for


def run_on_worker(bundle: bytes, version: str, seconds: float) -> bytes:
    """Grade the bundle on the Dask worker that calls this, in its local folder. Raises as `run_bundle`.

    Cancelling a task does not end it: it looks whether the worker still wants its result. The worker stops
    doing so when the task is cancelled, and when the client or the scheduler is gone.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def abandoned() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state != "executing" or worker.status.name in ENDING

    return run_bundle(bundle, version, seconds, folder=Path(worker.local_directory), abandoned=abandoned)


def version_here() -> str:
    """Return the version of lab that a worker has."""
    return __version__


def failures_allowed(dask_scheduler: Any) -> int:
    """Return how many lost workers the scheduler, which calls this, allows for one task."""
    return int(dask_scheduler.allowed_failures)


def listening_beyond() -> list[str]:
    """Return the addresses at which the process that calls this can be reached by other machines."""
    return [
        f"{one.laddr.ip}:{one.laddr.port}"
        for one in psutil.Process().net_connections("inet")
        if one.status == psutil.CONN_LISTEN and not is_loopback(one.laddr.ip)
    ]


def _usable(client: Any, *, encrypted: bool) -> int:
    """Return how many gradings the cluster can run at the same time. Raises as `dask_workers`."""
    about = client.scheduler_info(n_workers=-1)
    nannies = [str(worker["nanny"]) for worker in about["workers"].values() if worker.get("nanny")]
    addresses = [str(about["address"]), *map(str, about["workers"]), *nannies]
    if not encrypted:
        _require_closed([one for one in addresses if not is_loopback(urlsplit(one).hostname or "")])
    workers = {
        one: min(int(worker["resources"].get(RESOURCE, 0)), int(worker["nthreads"]))
        for one, worker in about["workers"].items()
        if worker["resources"].get(RESOURCE, 0) >= 1
    }
    if not workers:
        raise EnvironmentFault(
            "The cluster has no worker that grades.",
            "Start them so: dask worker --nthreads 1 --resources lab=1",
        )
    versions = client.run(version_here, workers=list(workers), on_error="return")
    for worker, version in versions.items():
        if version != __version__:
            has = f"lab {version}" if isinstance(version, str) else f"no lab that can be used ({version})"
            raise EnvironmentFault(
                f"The worker {worker} has {has}, and this is lab {__version__}.",
                "Install the same version there.",
            )
    try:
        allowed = client.run_on_scheduler(failures_allowed)
    except Exception as error:  # of any kind: it is raised there, and sent here
        raise EnvironmentFault(
            f"The scheduler has no lab that can be used ({error}).", "Install the same version there too."
        ) from error
    if allowed:
        raise EnvironmentFault(
            f"The scheduler would give a submission that ends its worker to {allowed} others.",
            f"Start it so: {START}",
        )
    if not encrypted:
        found = client.run(listening_beyond, workers=list(workers), on_error="return")
        of_each = [client.run_on_scheduler(listening_beyond), *found.values()]
        _require_closed([one for addresses in of_each if isinstance(addresses, list) for one in addresses])
    return sum(workers.values())


def _require_closed(addresses: list[str]) -> None:
    if addresses:
        raise UsageError(
            f"The cluster is not encrypted, and listens at {addresses[0]}, for other machines too.",
            f"Start its processes with {HERE}, or with certificates. See docs/scale.md.",
        )
