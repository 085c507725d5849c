"""A Docker Engine for the tests: the one that runs, else one of our own that ends with the tests.

Ours keeps its images between runs, in a folder that no other engine uses.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import EnvironmentFault, LabError
from lab.shell import run

IMAGES = Path("/var/lib/lab-tests-docker")
STAND_INS = Path(__file__).with_name("stand_ins.sh")
DEADLINE = 60.0
MAKING = 900.0
PACKAGES = "apt-get install docker.io docker-compose debootstrap"


@dataclass(frozen=True, slots=True)
class Engine:
    """Where it listens, for DOCKER_HOST ("" is the client's own choice), and whether we started it."""

    host: str
    ours: bool

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_HOST": self.host} if self.host else {}


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine that answers.

    Raises:
        EnvironmentFault: none runs, and none can be started here.
    """
    if answers(Engine("", ours=False)):
        yield Engine("", ours=False)
        return
    dockerd = shutil.which("dockerd")
    if dockerd is None or os.geteuid() != 0:
        raise EnvironmentFault(
            "No Docker Engine answers, and none can be started here.", f"As root: {PACKAGES}"
        )
    with tempfile.TemporaryDirectory(prefix="lab-engine-") as folder, started(dockerd, Path(folder)) as ours:
        yield ours


@contextmanager
def started(dockerd: str, home: Path) -> Iterator[Engine]:
    socket = f"unix://{home}/socket"
    argv = [dockerd, "--host", socket, "--data-root", str(IMAGES), "--exec-root", f"{home}/run"]
    argv += ["--pidfile", f"{home}/pid", "--storage-driver", "overlay2"]
    log = home / "log"
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as daemon:
        try:
            ours = Engine(socket, ours=True)
            wait_until_it_answers(ours, daemon, log)
            yield ours
        finally:
            daemon.terminate()
            daemon.wait(DEADLINE)


def wait_until_it_answers(engine: Engine, daemon: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not answers(engine):
        if daemon.poll() is not None or time.monotonic() > deadline:
            said = log.read_text().strip().splitlines() or ["it said nothing"]
            raise EnvironmentFault(f"The Docker Engine did not start: {said[-1]}")
        time.sleep(0.2)


def make_base_images(engine: Engine) -> None:
    """Make what stands in for the two base images, where the engine does not have them.

    Raises:
        EnvironmentFault: they cannot be made.
    """
    made = run([STAND_INS], env={**engine.environment, "PYTHON": sys.executable}, timeout=MAKING)
    if made.code != 0:
        raise EnvironmentFault(f"There are no base images, and none can be made: {made.last_line}")


def answers(engine: Engine) -> bool:
    try:
        return run(["docker", "version"], env=engine.environment).code == 0
    except LabError:
        return False


def main() -> int:
    """Say whether the container tests can run here, and why not; 4 when they cannot."""
    try:
        with engine() as running:
            make_base_images(running)
    except LabError as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
