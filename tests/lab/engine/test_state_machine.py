"""Fixes, edits, migrations and kills in random order: no fix is ever mixed and no edit is lost."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lab import shipped
from lab.engine import journal
from lab.engine.fingerprint import schema_fingerprint
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.library import Library
from lab.operations import fixes
from lab.operations.catalog import catalog_of
from lab.operations.fix_status import fix_status
from lab.runtime import process
from lab.runtime.launch import Launch
from lab.runtime.process import Readiness
from lab.workspace import Workspace
from tests.conftest import Server, free_port
from tests.killing import Killer, killer
from tests.lab.conftest import PROJECTS, Project

FILES = ("app/service.py", "app/models.py")
NUMBERS = (1, 2, 3)
REQUIRES = {3: 1}
NEAR = {
    # A line of each fix: as shipped, as fixed, and as the candidate edits either, with its indentation.
    1: ("app/service.py", ('    return "you " + name\n', '    return "dear " + name\n'), "return name\n"),
    2: ("app/service.py", ("        total += 1\n", "    return len(things)\n"), "return 0\n"),
    3: ("app/service.py", ("    return things[0]\n", "    return things[-1]\n"), "return None\n"),
}
ANCHORS = {
    "app/service.py": (
        '"""Greets things."""\n',
        "def forget(thing: Thing) -> None:\n",
        "    thing.seen_at = None\n",
    ),
    "app/models.py": ('"""What the service keeps."""\n', "class Base(DeclarativeBase):\n"),
}
MINE = """\
import sqlalchemy as sa
from alembic import op

revision = "mine"
down_revision = "0001"


def upgrade():
    op.create_table("mine", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("things", sa.Column("colour", sa.String))


def downgrade():
    op.drop_column("things", "colour")
    op.drop_table("mine")
"""


SERVICE = f"""
import http.server, os, app.models, app.service
text = b"".join(open(path, "rb").read() for path in {FILES})
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
"""A service of the tiny project that answers with the code that it was started with."""


class Machine(RuleBasedStateMachine):
    """The model: the code without fixes (`bare`), the applied fixes, the edits of a fix's lines (`near`)."""

    make: Callable[[], Project]
    drop: Callable[[Project], None]
    kills: Killer

    def __init__(self) -> None:
        super().__init__()
        self.project = type(self).make()
        self.workspace = self.project.workspace
        (self.project.root / "migrations" / "versions" / "mine.py").write_text(MINE)
        self.bare = {path: (self.project.root / path).read_bytes() for path in FILES}
        self.applied: set[int] = set()
        self.near: dict[int, tuple[str, str, str]] = {}
        self.migrated = False
        self.killed = False
        self.edits = 0
        self.schema = {self.migrated: schema_fingerprint(self.project.url)}
        self.records = self.workspace.service_records
        self.edited = False
        self._restart(self.workspace, frozenset({self.project.root / FILES[0]}))

    def teardown(self) -> None:
        process.stop(self.records, "service")
        type(self).drop(self.project)

    @rule()
    def restart(self) -> None:
        self._restart(self.workspace, frozenset({self.project.root / FILES[0]}))

    @rule(number=st.sampled_from(NUMBERS))
    def apply(self, number: int) -> None:
        self._recovered(self._attempt("apply", number))

    @rule(number=st.sampled_from(NUMBERS))
    def revert(self, number: int) -> None:
        self._recovered(self._attempt("revert", number))

    @rule(number=st.sampled_from(NUMBERS), verb=st.sampled_from(["apply", "revert"]), at=st.integers(0, 12))
    def kill(self, number: int, verb: str, at: int) -> None:
        before = self.applied if journal.read(self.workspace) is None else None
        self.edited = True  # a killed lab restarts no service, and neither does this one
        code = type(self).kills.run(self.project.root, verb, str(number), at=at)
        self.killed = True
        if before is not None and journal.read(self.workspace) is None and code == 0:
            self.applied = self.applied | {number} if verb == "apply" else self.applied - {number}

    @precondition(lambda self: self.killed)
    @rule()
    def recover(self) -> None:
        try:
            fixes.recover(self.workspace, restarter=self._restart)
        except Refused:
            assert self.near
            return
        self._read_again()

    @rule(path=st.sampled_from(FILES), at=st.integers(0, 2), ending=st.sampled_from(["\n", "  # odd\n"]))
    def edit_far(self, path: str, at: int, ending: str) -> None:
        """Add a line after a line that no fix changes."""
        anchors = ANCHORS[path]
        anchor = anchors[at % len(anchors)].encode()
        self.edits += 1
        self.edited = True
        line = f"# {self.edits} is mine{ending}".encode()
        full = self.project.root / path
        full.write_bytes(full.read_bytes().replace(anchor, anchor + line, 1))
        self.bare[path] = self.bare[path].replace(anchor, anchor + line, 1)

    @rule(number=st.sampled_from(NUMBERS))
    def edit_near(self, number: int) -> None:
        """Edit a line that a fix changes or has changed."""
        path, sides, mine = NEAR[number]
        full = self.project.root / path
        text = full.read_text()
        side = next((side for side in sides if side in text), None)
        if side is not None and number not in self.near and not self.killed:
            mine = side[: len(side) - len(side.lstrip())] + mine
            full.write_text(text.replace(side, mine))
            self.edited = True
            self.near[number] = (path, side, mine)

    @precondition(lambda self: self.near)
    @rule()
    def undo_the_edits_near(self) -> None:
        for path, side, mine in self.near.values():
            full = self.project.root / path
            assert mine in full.read_text(), "an edit was lost"
            full.write_text(full.read_text().replace(mine, side))
            self.edited = True
        self.near.clear()

    @rule()
    def migrate_up(self) -> None:
        if not self.near:
            assert type(self).kills.alembic(self.project.root, "upgrade", "head") == 0
            self.migrated = True

    @rule()
    def migrate_down(self) -> None:
        if self.migrated:
            assert type(self).kills.alembic(self.project.root, "downgrade", "-1") == 0
            self.migrated = False

    @invariant()
    def the_code_is_the_candidates_with_the_applied_fixes(self) -> None:
        if self.killed or self.near:
            return
        files: dict[object, bytes] = {Path(path): text for path, text in self.bare.items()}
        catalog = catalog_of(self.workspace)
        for fix in catalog.fixes:
            if fix.number in self.applied:
                patcher = Patcher(ShippedTexts(self.workspace))
                for change in patcher.change(fix, Verb.APPLY, lambda path: files.get(Path(path))):
                    files[Path(change.path)] = change.after or b""
        assert {path: (self.project.root / str(path)).read_bytes() for path in files} == files
        assert (self.project.root / "app" / "queue.py").exists() == (3 in self.applied)

    @invariant()
    def no_added_line_is_lost(self) -> None:
        texts = "".join((self.project.root / path).read_text() for path in FILES)
        assert all(f"# {edit} is mine" in texts for edit in range(1, self.edits + 1))

    @invariant()
    def the_service_runs_the_code_that_lab_wrote(self) -> None:
        """Unless the candidate edited it since, or a lab was killed before its restart."""
        if not self.killed and not self.edited:
            with urlopen(f"http://127.0.0.1:{self.launched.launch.port}/", timeout=60) as answer:
                assert answer.read() == self._source()

    @invariant()
    def no_fix_is_mixed(self) -> None:
        if self.killed:
            return
        assert journal.read(self.workspace) is None
        rows = {row.number: row for row in fix_status(self.workspace).fixes}
        assert {n for n, row in rows.items() if row.schema == "present"} == self.applied
        assert {row.schema for row in rows.values()} <= {"present", "absent"}
        if not self.near:
            assert {n for n, row in rows.items() if row.code == "present"} == self.applied
        if not self.applied and self.migrated in self.schema:
            assert schema_fingerprint(self.project.url) == self.schema[self.migrated]
        elif not self.applied:
            self.schema[self.migrated] = schema_fingerprint(self.project.url)

    def _attempt(self, verb: str, number: int) -> bool:
        """Return whether it was done. A refusal must have a reason in the model."""
        try:
            getattr(fixes, verb)(self.workspace, [str(number)], restarter=self._restart)
        except Refused:
            users = {user for user, needs in REQUIRES.items() if needs == number} & self.applied
            lacks = verb == "apply" and REQUIRES.get(number, number) not in self.applied | {number}
            assert self.near or self.killed or lacks or (verb == "revert" and users)
            return False
        if not self.killed:
            self.applied = self.applied | {number} if verb == "apply" else self.applied - {number}
        return True

    def _recovered(self, done: bool) -> None:
        """A command that succeeded has recovered the killed change: read which fixes are applied."""
        if self.killed and (done or journal.read(self.workspace) is None):
            self._read_again()

    def _read_again(self) -> None:
        rows = fix_status(self.workspace).fixes
        assert journal.read(self.workspace) is None
        self.applied = {row.number for row in rows if row.schema == "present"}
        self.killed = False

    def _restart(self, _: Workspace, paths: frozenset[Path]) -> tuple[str, ...]:
        """Stop the service and start it with the current code."""
        assert paths
        process.stop(self.records, "service")
        self.launched = process.start(self._launch(), self.records)
        ended = process.wait_until_ready(self.records, "service", process.answers_health, 30)
        if ended is not Readiness.READY:
            process.stop(self.records, "service")
            raise AssertionError(Path(self.launched.launch.log).read_text())
        self.edited = False
        return ("service",)

    def _launch(self) -> Launch:
        port = free_port()
        return Launch(
            name="service",
            argv=(sys.executable, "-c", SERVICE),
            folder=str(self.project.root),
            environment={"PATH": os.environ["PATH"], "PORT": str(port)},
            log=str(self.workspace.logs / "service.log"),
            port=port,
        )

    def _source(self) -> bytes:
        return b"".join((self.project.root / path).read_bytes() for path in FILES)


SEQUENCES = 10
"""How many sequences one test runs. The first is the simplest one, the others differ with each seed."""

STEPS = 25


def test_random_sequences_keep_fixes_whole_and_edits(
    server: Server, tiny_template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run_sequences(1, 2, 12, server, tiny_template, tmp_path_factory)


@pytest.mark.claim(
    "Random sequences of fixes, edits, migrations and kills keep fixes whole and lose no edit", "sequences"
)
@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=pytest.mark.prove if n > 2 else pytest.mark.slow) for n in range(2, 42)]
)
def test_many_random_sequences_keep_fixes_whole_and_edits(
    number: int,
    server: Server,
    tiny_template: str,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("proved", SEQUENCES - 1)
    run_sequences(number, SEQUENCES, STEPS, server, tiny_template, tmp_path_factory)


def run_sequences(
    number: int,
    count: int,
    steps: int,
    server: Server,
    tiny_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Run the simplest sequence and `count - 1` random ones, of `steps` steps; `number` is the seed."""
    made = 0

    def make() -> Project:
        nonlocal made
        made += 1
        root = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp())) / "lab"
        shutil.copytree(PROJECTS / "tiny", root, ignore=shutil.ignore_patterns("__pycache__"))
        url = server.create(f"machine_{made}", tiny_template)
        workspace = Workspace(root, Library(root))
        workspace.state.mkdir()
        workspace.database_url_file.write_text(url)
        shipped.keep(workspace)
        return Project(workspace, url)

    def drop(project: Project) -> None:
        server.drop(project.url.rpartition("/")[2])
        shutil.rmtree(project.root)

    with killer() as kills:
        machine = type(
            "MachineHere",
            (Machine,),
            {"make": staticmethod(make), "drop": staticmethod(drop), "kills": kills},
        )
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=count,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
