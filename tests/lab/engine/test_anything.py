"""Fixes, edits, migrations and kills in any order: nothing is half, and nothing of a candidate's is lost."""

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

from lab.engine import journal
from lab.engine.fingerprint import schema_fingerprint
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.errors import Refused
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
    # In each fix's own lines: as shipped, as fixed, and what a candidate makes of either.
    1: ("app/service.py", ('    return "you " + name\n', '    return "dear " + name\n'), "    return name\n"),
    2: ("app/service.py", ("        total += 1\n", "    return len(things)\n"), "    return 0\n"),
    3: ("app/service.py", ("    return things[0]\n", "    return things[-1]\n"), "    return None\n"),
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
class Tells(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Tells).serve_forever()
"""
"""A service of the tiny project's code, which tells what it was started with."""


class Anything(RuleBasedStateMachine):
    """The model: the code as it would be without fixes, the fixes that are on, the lines tampered with."""

    make: Callable[[], Project]
    drop: Callable[[Project], None]
    kills: Killer

    def __init__(self) -> None:
        super().__init__()
        self.project = type(self).make()
        self.workspace = self.project.workspace
        (self.project.root / "migrations" / "versions" / "mine.py").write_text(MINE)
        self.bare = {path: (self.project.root / path).read_bytes() for path in FILES}
        self.on: set[int] = set()
        self.tampered: dict[int, tuple[str, str, str]] = {}
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
        before = self.on if journal.read(self.workspace) is None else None
        self.edited = True  # as a lab that is killed restarts nothing, and this one neither
        code = type(self).kills.run(self.project.root, verb, str(number), at=at)
        self.killed = True
        if before is not None and journal.read(self.workspace) is None and code == 0:
            self.on = self.on | {number} if verb == "apply" else self.on - {number}

    @precondition(lambda self: self.killed)
    @rule()
    def recover(self) -> None:
        try:
            fixes.recover(self.workspace, restarter=self._restart)
        except Refused:
            assert self.tampered
            return
        self._look_again()

    @rule(path=st.sampled_from(FILES), at=st.integers(0, 2), ending=st.sampled_from(["\n", "  # odd\n"]))
    def edit_far(self, path: str, at: int, ending: str) -> None:
        """One more line of the candidate's own, after a line that no fix touches."""
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
        """A line that a fix changes, or has changed."""
        path, sides, mine = NEAR[number]
        full = self.project.root / path
        text = full.read_text()
        side = next((side for side in sides if side in text), None)
        if side is not None and number not in self.tampered and not self.killed:
            full.write_text(text.replace(side, mine))
            self.edited = True
            self.tampered[number] = (path, side, mine)

    @precondition(lambda self: self.tampered)
    @rule()
    def undo_the_edits_near(self) -> None:
        for path, side, mine in self.tampered.values():
            full = self.project.root / path
            assert mine in full.read_text(), "an edit of the candidate's was lost"
            full.write_text(full.read_text().replace(mine, side))
            self.edited = True
        self.tampered.clear()

    @rule()
    def migrate_up(self) -> None:
        if not self.tampered:
            assert type(self).kills.alembic(self.project.root, "upgrade", "head") == 0
            self.migrated = True

    @rule()
    def migrate_down(self) -> None:
        if self.migrated:
            assert type(self).kills.alembic(self.project.root, "downgrade", "-1") == 0
            self.migrated = False

    @invariant()
    def the_code_is_the_candidates_and_the_fixes(self) -> None:
        if self.killed or self.tampered:
            return
        files: dict[object, bytes] = {Path(path): text for path, text in self.bare.items()}
        catalog = catalog_of(self.workspace)
        for fix in catalog.fixes:
            if fix.number in self.on:
                patcher = Patcher(ShippedTexts(self.workspace))
                for change in patcher.change(fix, Verb.APPLY, lambda path: files.get(Path(path))):
                    files[Path(change.path)] = change.after or b""
        assert {path: (self.project.root / str(path)).read_bytes() for path in files} == files
        assert (self.project.root / "app" / "queue.py").exists() == (3 in self.on)

    @invariant()
    def no_line_of_the_candidates_is_lost(self) -> None:
        texts = "".join((self.project.root / path).read_text() for path in FILES)
        assert all(f"# {edit} is mine" in texts for edit in range(1, self.edits + 1))

    @invariant()
    def the_service_runs_the_code_that_lab_has_put_there(self) -> None:
        """Unless somebody else wrote since: the candidate, or a lab that was killed before its restart."""
        if not self.killed and not self.edited:
            with urlopen(f"http://127.0.0.1:{self.launched.launch.port}/", timeout=10) as answer:
                assert answer.read() == self._source()

    @invariant()
    def nothing_is_half(self) -> None:
        if self.killed:
            return
        assert journal.read(self.workspace) is None
        rows = {row.number: row for row in fix_status(self.workspace).fixes}
        assert {n for n, row in rows.items() if row.schema == "present"} == self.on
        assert {row.schema for row in rows.values()} <= {"present", "absent"}
        if not self.tampered:
            assert {n for n, row in rows.items() if row.code == "present"} == self.on
        if not self.on and self.migrated in self.schema:
            assert schema_fingerprint(self.project.url) == self.schema[self.migrated]
        elif not self.on:
            self.schema[self.migrated] = schema_fingerprint(self.project.url)

    def _attempt(self, verb: str, number: int) -> bool:
        """Whether it was done; a refusal must have its reason in the model."""
        try:
            getattr(fixes, verb)(self.workspace, [str(number)], restarter=self._restart)
        except Refused:
            users = {user for user, needs in REQUIRES.items() if needs == number} & self.on
            lacks = verb == "apply" and REQUIRES.get(number, number) not in self.on | {number}
            assert self.tampered or self.killed or lacks or (verb == "revert" and users)
            return False
        if not self.killed:
            self.on = self.on | {number} if verb == "apply" else self.on - {number}
        return True

    def _recovered(self, done: bool) -> None:
        """A command that came through has cleaned up before; look at what stands."""
        if self.killed and (done or journal.read(self.workspace) is None):
            self._look_again()

    def _look_again(self) -> None:
        rows = fix_status(self.workspace).fixes
        assert journal.read(self.workspace) is None
        self.on = {row.number for row in rows if row.schema == "present"}
        self.killed = False

    def _restart(self, _: Workspace, paths: frozenset[Path]) -> tuple[str, ...]:
        """Stop the service and start it from the code as it is now."""
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
"""How many orders one test tries: different ones with each seed."""


def test_anything_in_any_order(
    server: Server, tiny_template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try_orders(1, 4, server, tiny_template, tmp_path_factory)


@pytest.mark.claim(
    "Fixes, edits, migrations and kills in any order leave nothing half and lose no edit", "orders"
)
@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=pytest.mark.prove if n > 2 else pytest.mark.slow) for n in range(2, 42)]
)
def test_anything_in_many_orders(
    number: int,
    server: Server,
    tiny_template: str,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("proved", SEQUENCES)
    try_orders(number, SEQUENCES, server, tiny_template, tmp_path_factory)


def try_orders(
    number: int,
    count: int,
    server: Server,
    tiny_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Try `count` orders that the seed `number` decides."""
    made = 0

    def make() -> Project:
        nonlocal made
        made += 1
        root = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp())) / "lab"
        shutil.copytree(PROJECTS / "tiny", root, ignore=shutil.ignore_patterns("__pycache__"))
        url = server.create(f"anything_{made}", tiny_template)
        workspace = Workspace(root)
        workspace.state.mkdir()
        workspace.database_url_file.write_text(url)
        fixes.keep_shipped(workspace)
        return Project(workspace, url)

    def drop(project: Project) -> None:
        server.drop(project.url.rpartition("/")[2])
        shutil.rmtree(project.root)

    with killer() as kills:
        machine = type(
            "AnythingHere",
            (Anything,),
            {"make": staticmethod(make), "drop": staticmethod(drop), "kills": kills},
        )
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=count,
                stateful_step_count=25,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
