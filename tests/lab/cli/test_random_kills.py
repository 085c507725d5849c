"""Whatever command is killed, and whenever: nothing is lost, mixed or stale after the next commands."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from lab.engine import journal
from lab.errors import LabError
from lab.library import Library
from lab.operations import fixes
from lab.operations.down import down
from lab.operations.restart import restart
from lab.operations.runtimes import runtime_of
from lab.operations.up import up
from lab.runtime import databases
from lab.runtime.log_files import tail
from lab.shell import run
from lab.workspace import Workspace
from tests.lab.operations.conftest import now
from tests.measuring import copy_library

BATCHES, KILLS = 21, 50
FEW = 6
"""The kills of the batch that `make test-slow` runs."""

COMMANDS = [
    *(("fix", verb, number) for verb in ("apply", "revert") for number in ("1", "3", "5", "7", "3-7", "all")),
    ("fix", "recover"),
    ("reset",),
    ("reset", "--code"),
    ("up",),
    ("down",),
    ("check", "4"),
]
START = 0.2
"""Seconds in which the interpreter starts: a kill then tries nothing."""


@dataclass
class KilledLab:
    workspace: Workspace
    seconds: dict[tuple[str, ...], float] = field(default_factory=dict)

    def command(self, *words: str) -> list[str]:
        root = self.workspace.root
        return [sys.executable, "-m", "lab", "-C", str(root), "--library", str(root), *words]

    def kill(self, words: tuple[str, ...], chance: random.Random) -> bool:
        """Run the command, and kill it at a random moment; whether it still ran then."""
        process = subprocess.Popen(self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(START + chance.uniform(0, self.seconds.get(words, 1.5)))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
            return True
        return False

    def settle(self) -> None:
        """Run the next commands, and check what they leave."""
        try:
            up(self.workspace)
        except LabError as error:
            error.add_note(self.server_log())
            raise
        fixes.recover(self.workspace)
        report = now(self.workspace)
        assert report.fixes is not None
        found = {row.number: str(row.state) for row in report.fixes.fixes}
        assert set(found.values()) <= {"present", "absent"}, found
        assert report.fixes.interrupted == ()
        assert journal.read(self.workspace) is None
        assert [service.name for service in report.services if service.outdated] == []
        states = {service.name: service.state for service in report.services}
        expected = "healthy" if found[1] == "present" else "exited"
        assert states == {"device-service": "healthy", "workflow-service": expected}, found

    def server_log(self) -> str:
        """The end of the server's log: it says why the server ended a connection."""
        return "\n".join(tail(self.workspace.logs / "postgres.log", 60))

    def left(self) -> list[str]:
        runtime = runtime_of(self.workspace)
        connection = databases.connect(runtime.account.url("postgres"))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE datname ~ '^lab_(shadow|fresh|build|replaced)'"
            )
            found = [name for (name,) in cursor.fetchall()]
        connection.close()
        return found


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, port_offset: int) -> Iterator[KilledLab]:
    root = copy_library(tmp_path_factory.mktemp("killed") / "lab").resolve()
    found = KilledLab(Workspace(root, Library(root)))
    up(found.workspace, rows=2000, port_offset=port_offset + 390)
    for words in COMMANDS:
        started = time.monotonic()
        run(found.command(*words), timeout=120)
        found.seconds[words] = time.monotonic() - started - START
        found.settle()
    yield found
    down(found.workspace, destroy=True)


@pytest.mark.claim(
    "A command that is killed at a random moment loses no edit, and leaves nothing mixed or stale", "kills"
)
@pytest.mark.parametrize(
    "batch",
    [pytest.param(batch, marks=pytest.mark.prove if batch else pytest.mark.slow) for batch in range(BATCHES)],
)
def test_a_killed_command_loses_and_leaves_nothing(
    killed: KilledLab, batch: int, record_property: Callable[[str, object], None]
) -> None:
    chance, edit = random.Random(batch), ""
    edited = killed.workspace.root / "app/common/params.py"
    count = 0
    while count < (KILLS if batch else FEW):
        if not edit or edit not in edited.read_text():
            edit = f"# edit {batch}.{count} of the candidate's\n"
            edited.write_text(edited.read_text() + edit)
            restart(killed.workspace)
        words = chance.choice(COMMANDS)
        count += killed.kill(words, chance)
        killed.settle()
        saved = [path.read_text() for path in killed.workspace.saved.glob("*.patch")]
        assert edit in edited.read_text() or any(edit in text for text in saved), words
    deadline = time.monotonic() + 20  # the server goes on with the statement of a client that was killed
    while killed.left() and time.monotonic() < deadline:
        killed.settle()
    assert killed.left() == []
    record_property("proved", count)
