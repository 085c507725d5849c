"""A cluster is used only if it is encrypted or on this machine, grades, and has the same version of lab."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from lab import __version__
from lab.batch.bundle import write_bundle
from lab.batch.dask_cluster import address_of, dask_workers
from lab.batch.task import PREFIX
from lab.errors import EnvironmentFault, UsageError
from lab.grading.submission import unpack
from lab.library import Library
from lab.profile import read_profile
from lab.shell import run
from tests.conftest import PROJECT
from tests.dask import Cluster, cluster, wait_until
from tests.measuring import copy_shipped

FOLDERS = read_profile(PROJECT / "lab.toml").folders


@pytest.mark.parametrize(
    ("executor", "address"),
    [
        ("dask://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("dask://localhost:1", "tcp://localhost:1"),
        ("dask://[::1]:8786", "tcp://[::1]:8786"),
        ("tls://grader.example.org:8786", "tls://grader.example.org:8786"),
    ],
)
def test_an_address_on_this_machine_or_with_tls_is_taken(executor: str, address: str) -> None:
    assert address_of(executor) == address


@pytest.mark.parametrize(
    "host", ["10.0.0.7", "grader.example.org", "0.0.0.0", "127.0.0.1.example.org", "[fe80::1]"]
)
def test_another_machine_without_tls_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match=r"not encrypted.* tls://"):
        address_of(f"dask://{host}:8786")


@pytest.mark.parametrize(
    "executor",
    [
        "",
        "dask",
        "dask://",
        "dask://127.0.0.1",
        "tcp://127.0.0.1:1",
        "dask://h:x",
        "dask://a@h:1",
        "tls://h:1/p",
    ],
)
def test_what_is_no_address_is_refused(executor: str) -> None:
    with pytest.raises(UsageError, match="is no address of workers"):
        address_of(executor)


@pytest.mark.slow
def test_a_port_where_no_scheduler_listens_is_the_environments_fault() -> None:
    with pytest.raises(EnvironmentFault, match="no Dask scheduler"), dask_workers("dask://127.0.0.1:1", 1):
        pass


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.mark.slow
def test_each_worker_is_given_one_bundle_at_a_time(two: Cluster) -> None:
    with dask_workers(two.executor, 1) as workers:
        assert workers.width == 2
    with dask_workers(two.executor, 9) as workers:
        assert workers.width == 9


@pytest.mark.slow
def test_what_a_worker_says_of_a_bundle_comes_back_as_it_was(two: Cluster) -> None:
    with dask_workers(two.executor, 1) as workers:
        future = workers.executor.submit(workers.run, b"", "another version", 5.0)
        error = future.exception()
    assert str(error) == f"The worker has lab {__version__}, and this is lab another version."


def cancelled(future: "Future[bytes]") -> None:
    future.cancel()


def nothing(_: "Future[bytes]") -> None:
    """The client closes its connection."""


@pytest.mark.slow
@pytest.mark.parametrize("end", [cancelled, nothing])
def test_a_task_that_is_not_wanted_any_more_ends_what_it_runs(
    end: Callable[["Future[bytes]"], None], two: Cluster, tmp_path: Path
) -> None:
    def running() -> list[psutil.Process]:
        return [child for worker in two.workers for child in worker.children(recursive=True)]

    work = unpack(copy_shipped(tmp_path / "ada"), tmp_path / "unpacked", FOLDERS)
    write_bundle(tmp_path / "ada.zip", work, Library(PROJECT), None)
    with dask_workers(two.executor, 1) as workers:
        bundle = (tmp_path / "ada.zip").read_bytes()
        future = workers.executor.submit(workers.run, bundle, __version__, 600.0)
        wait_until(lambda: len(running()) > 2)  # it has begun, and has started others
        end(future)
    wait_until(lambda: running() == [] and not list(two.folder.rglob(f"{PREFIX}*")))


@pytest.mark.slow
def test_an_encrypted_cluster_takes_bundles_from_those_with_a_certificate(tmp_path: Path) -> None:
    import dask

    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab"]
    made = run([*request, "-keyout", key, "-out", certificate])
    assert made.code == 0, made.stderr.decode()
    options = ["--tls-ca-file", certificate, "--tls-cert", certificate, "--tls-key", key, "--protocol", "tls"]
    names = ("ca-file", "client.cert", "client.key")
    settings = dict(
        zip((f"distributed.comm.tls.{name}" for name in names), (certificate, certificate, key), strict=True)
    )
    with cluster(tmp_path / "cluster", 1, tls=options) as found:
        assert found.executor.startswith("tls://")
        with pytest.raises(UsageError, match="needs certificates"), dask_workers(found.executor, 1):
            pass
        with dask.config.set(settings), dask_workers(found.executor, 1) as workers:
            error = workers.executor.submit(workers.run, b"no bundle", __version__, 60.0).exception()
    assert "is no bundle" in str(error)


@pytest.mark.slow
def test_a_cluster_without_workers_that_grade_is_refused(tmp_path: Path) -> None:
    with (
        cluster(tmp_path, 1, resources="gpu=1") as found,
        pytest.raises(EnvironmentFault, match=r"no worker that grades.*--resources lab=1"),
        dask_workers(found.executor, 1),
    ):
        pass


@pytest.mark.slow
def test_a_cluster_whose_dashboard_other_machines_can_reach_is_refused(tmp_path: Path) -> None:
    with (
        cluster(tmp_path, 1, dashboard=":0") as found,
        pytest.raises(UsageError, match=r"listens at .*--dashboard-address 127\.0\.0\.1:0"),
        dask_workers(found.executor, 1),
    ):
        pass


@pytest.mark.slow
def test_a_scheduler_that_tries_again_by_itself_is_refused(tmp_path: Path) -> None:
    with (
        cluster(tmp_path, 1, scheduler={}) as found,
        pytest.raises(EnvironmentFault, match=r"to 3 others.*ALLOWED_FAILURES=0"),
        dask_workers(found.executor, 1),
    ):
        pass


@pytest.mark.slow
def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "lab", tmp_path / "other" / "lab", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "other" / "lab" / "__init__.py"
    module.write_text(module.read_text().replace(__version__, "0.0.1"))
    with (
        cluster(tmp_path, 1, environment={"PYTHONPATH": str(tmp_path / "other")}) as found,
        pytest.raises(EnvironmentFault, match=rf"has lab 0\.0\.1, and this is lab {__version__}"),
        dask_workers(found.executor, 1),
    ):
        pass
