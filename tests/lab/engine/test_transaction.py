"""Code and schema of a fix change together or not at all, and the candidate's work is never changed."""

import itertools
import json
import os
import subprocess

import pytest

from lab.engine import journal
from lab.engine.schema import APPLICATION_PREFIX, lock_schema
from lab.engine.transaction import Options
from lab.errors import DatabaseUnreachable, EnvironmentFault, Locked, Refused
from lab.operations import fixes
from lab.shell import run
from lab.workspace import Workspace
from tests.lab.conftest import Project


def test_apply_changes_code_and_schema_and_revert_restores_both(project: Project) -> None:
    before = project.all()
    done = project.apply("2")
    assert done.fixes == (2,)
    assert [step.text for step in done.steps] == [
        "apply 2 seen_index: migration",
        "apply 2 seen_index: patch",
    ]
    assert done.files == ("app/models.py", "app/service.py")
    assert project.applied() == {2}
    assert project.sql("SELECT version_num FROM lab.fix_version") == [("fix_2",)]
    assert "return len(things)" in project.code()["app/service.py"].decode()
    assert project.revert("2").fixes == (2,)
    assert project.all() == before


def test_patch_first_reverses_the_order(project: Project) -> None:
    assert [step.text for step in project.apply("1").steps] == [
        "apply 1 polite: patch",
        "apply 1 polite: migration",
    ]
    assert [step.text for step in project.revert("1").steps] == [
        "revert 1 polite: migration",
        "revert 1 polite: patch",
    ]


def test_apply_and_revert_are_idempotent(project: Project) -> None:
    assert project.revert("2").unchanged == (2,)
    project.apply("2")
    after = project.all()
    again = project.apply("2")
    assert (again.fixes, again.unchanged, again.steps) == ((), (2,), ())
    assert project.all() == after


def test_every_order_gives_the_same_code_and_schema(project: Project) -> None:
    before = project.all()
    seen = set()
    for order in itertools.permutations("123"):
        if order.index("1") < order.index("3"):
            for number in order:
                project.apply(number)
            code, schema = project.all()
            seen.add((tuple(code.items()), schema))
            project.revert("all")
            assert project.all() == before
    assert len(seen) == 1


def test_several_fixes_are_one_change(project: Project) -> None:
    project.sql("CREATE TABLE waiting ()")
    before = project.all()
    with pytest.raises(Refused, match="Fix 3 cannot be applied: table waiting exists already"):
        project.apply("all")
    assert project.all() == before


def test_a_required_fix_must_be_applied_before_or_together(project: Project) -> None:
    with pytest.raises(Refused, match=r"Fix 3 requires fix 1.*lab fix apply 1 3"):
        project.apply("3")
    assert project.apply("1", "3").fixes == (1, 3)
    with pytest.raises(Refused, match=r"fix 3 requires it.*lab fix revert 1 3"):
        project.revert("1")
    assert project.revert("1", "3").fixes == (3, 1)


def test_edits_survive_apply_and_revert(project: Project) -> None:
    project.edit("app/service.py", '"""Greets things."""', '"""Greets all things."""')
    before = project.all()
    project.apply("2")
    project.edit("app/service.py", '"""Begin anew."""', '"""Forget it."""')
    project.revert("2")
    code = project.code()["app/service.py"].decode()
    assert '"""Greets all things."""' in code
    assert '"""Forget it."""' in code
    project.edit("app/service.py", '"""Forget it."""', '"""Begin anew."""')
    assert project.all() == before


def test_a_conflict_changes_nothing(project: Project) -> None:
    project.edit("app/service.py", "total += 1", "total = total + 1")
    before = project.all()
    with pytest.raises(Refused, match=r"(?s)app/service\.py was edited .*total = total \+ 1"):
        project.apply("2")
    assert project.all() == before


def test_lines_edited_since_are_not_reverted(project: Project) -> None:
    project.apply("2")
    project.edit("app/service.py", "return len(things)", "return len(things) + 0")
    after = project.all()
    with pytest.raises(Refused, match=r"Fix 2 cannot be reverted: app/service\.py was edited"):
        project.revert("2")
    assert project.all() == after


def test_an_object_of_the_candidate_is_kept_and_its_revision_named(project: Project) -> None:
    (project.root / "migrations" / "versions" / "mine.py").write_text(
        'revision = "a1b2c3"\ndown_revision = "0001"\nNAME = "ix_things_seen_at"\n'
    )
    project.sql("CREATE INDEX ix_things_seen_at ON things (seen_at)")
    before = project.all()
    with pytest.raises(Refused, match=r"revision a1b2c3 made it \(migrations/versions/mine\.py\)"):
        project.apply("2")
    assert project.all() == before
    assert project.revert("2").unchanged == (2,)
    assert project.all() == before


def test_code_that_the_candidate_wrote_is_kept_and_only_the_schema_is_applied_and_reverted(
    project: Project,
) -> None:
    project.edit("app/service.py", '"you "', '"dear "')
    before = project.all()
    applied = project.apply("1")
    assert (applied.fixes, applied.schema_only, applied.files) == ((1,), (1,), ())
    assert project.all()[0] == before[0]
    assert project.states()[1] == "present"
    assert project.apply("1").unchanged == (1,)
    assert project.revert("all").fixes == (1,)
    assert project.all() == before
    assert project.revert("all").fixes == ()
    assert project.recover().left[0].number == 1
    assert project.all() == before
    assert project.recover("1").fixes == (1,)
    assert '"you "' in project.code()["app/service.py"].decode()


def test_a_mixed_fix_is_refused_and_recover_reverts_it(project: Project) -> None:
    before = project.all()
    project.apply("2")
    for path, content in before[0].items():
        (project.root / path).write_bytes(content)
    for act in (project.apply, project.revert):
        with pytest.raises(Refused, match=r"its code is not there, its revision is there.*lab fix recover 2"):
            act("2")
    assert project.recover().fixes == (2,)
    assert project.all() == before


def test_recover_reverts_the_code_if_the_database_was_restored(project: Project) -> None:
    before = project.all()
    project.apply("2")
    project.sql("DROP INDEX ix_things_seen_at; DROP SCHEMA lab CASCADE")
    with pytest.raises(Refused, match="its code is there, its revision is not there"):
        project.revert("2")
    assert project.recover().fixes == (2,)
    assert project.all() == before


def test_an_index_dropped_by_hand_is_mixed_until_recovered(project: Project) -> None:
    before = project.all()
    project.apply("2")
    project.sql("DROP INDEX ix_things_seen_at")
    with pytest.raises(Refused, match="fix_2 is recorded, but index ix_things_seen_at is not there"):
        project.revert("2")
    project.recover()
    assert project.all() == before


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_failed_migration_leaves_nothing_behind(project: Project, number: str) -> None:
    project.sql("ALTER TABLE things RENAME TO others")
    before = project.all()
    with pytest.raises(Refused, match='relation "things" does not exist'):
        project.apply(number)
    assert project.all() == before
    assert journal.read(project.workspace) is None
    assert project.states() == {1: "absent", 2: "absent", 3: "absent"}


def test_an_exception_in_one_migration_does_not_affect_other_fixes(project: Project) -> None:
    path = project.root / "fixes" / "02_seen_index" / "migration.py"
    path.write_text(path.read_text().replace("from alembic import op", "from alembic import opp as op"))
    before = project.all()
    with pytest.raises(Refused, match=r"migration of fix 2 failed: ImportError: cannot import name 'opp'"):
        project.apply("2")
    with pytest.raises(Refused, match="ImportError"):
        project.apply("2", dry_run=True)
    assert project.all() == before
    project.apply("1")
    assert project.applied() == {1}


def test_without_a_database_nothing_is_changed(project: Project) -> None:
    before = project.code()
    project.workspace.database_url_file.write_text("postgresql+psycopg2://lab:lab@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnreachable):
        project.apply("2")
    project.workspace.database_url_file.unlink()
    with pytest.raises(DatabaseUnreachable, match="lab up"):
        project.apply("2")
    assert project.code() == before
    assert project.states() == {1: "unknown", 2: "unknown", 3: "unknown"}


def test_a_dry_run_shows_the_diff_and_the_sql_and_changes_nothing(project: Project) -> None:
    before = project.all()
    would = project.apply("1-2", dry_run=True)
    assert (would.fixes, would.dry_run) == ((1, 2), True)
    assert "+    return len(things)\n" in would.diff
    assert "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_things_seen_at ON things (seen_at);" in would.sql
    assert "CREATE TABLE lab.fix_version" not in would.sql
    assert project.all() == before
    project.apply("2")
    assert "DROP INDEX CONCURRENTLY IF EXISTS" in project.revert("2", dry_run=True).sql
    assert project.applied() == {2}
    project.edit("app/service.py", "return len(things)", "return 0")
    with pytest.raises(Refused):
        project.revert("2", dry_run=True)


def test_a_record_of_a_fix_without_a_folder_does_not_affect_the_others(project: Project) -> None:
    project.sql("CREATE SCHEMA lab; CREATE TABLE lab.fix_version (version_num varchar(32) primary key)")
    project.sql("INSERT INTO lab.fix_version VALUES ('fix_9')")
    project.apply("1-2")
    project.revert("2")
    assert project.sql("SELECT version_num FROM lab.fix_version ORDER BY 1") == [("fix_1",), ("fix_9",)]


@pytest.mark.parametrize("place", ["inside a git work tree", "a git work tree"])
def test_a_git_work_tree_makes_no_difference(project: Project, place: str) -> None:
    home = project.root if place.startswith("a ") else project.root.parent
    (home / ".gitignore").write_text("*\n")
    run(["git", "init", "-q"], cwd=home)
    run(["git", "config", "core.autocrlf", "true"], cwd=home)
    before = project.all()
    project.apply("all")
    assert project.applied() == {1, 2, 3}
    project.revert("all")
    assert project.all() == before


def test_crlf_line_ends_and_a_missing_last_one_stay_as_they_are(project: Project) -> None:
    for path in (project.root / "app").glob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").rstrip(b"\r\n"))
    before = project.all()
    project.apply("all")
    assert project.applied() == {1, 2, 3}
    for name in ("service.py", "models.py"):
        text = (project.root / "app" / name).read_bytes()
        assert text.count(b"\r\n") == text.count(b"\n") > 0
    project.revert("all")
    assert project.all() == before


def test_a_file_that_is_a_link_is_refused(project: Project) -> None:
    target = project.root / "elsewhere.py"
    path = project.root / "app" / "service.py"
    path.rename(target)
    path.symlink_to(target)
    with pytest.raises(Refused, match=r"app/service\.py is a symbolic link"):
        project.apply("2")


def test_the_mode_of_a_file_stays(project: Project) -> None:
    path = project.root / "app" / "service.py"
    path.chmod(0o755)
    project.apply("2")
    assert path.stat().st_mode & 0o777 == 0o755


def test_services_are_restarted_for_the_files_that_changed(project: Project) -> None:
    asked: list[set[str]] = []

    def restart(_: Workspace, paths: frozenset[object]) -> tuple[str, ...]:
        asked.append({str(path) for path in paths})
        return ("service",)

    assert project.apply("1", restarter=restart).restarted == ("service",)
    assert asked == [{str(project.root / "app" / "service.py")}]
    assert project.apply("1", restarter=restart).restarted == ()


def test_it_waits_for_a_lab_of_another_workspace_in_the_same_database(project: Project) -> None:
    before = project.all()
    reported: list[str] = []
    options = Options(progress=lambda event: reported.append(event.text), lock_wait=0.3)
    with (
        lock_schema(project.url, progress=print, lock_timeout=1),
        pytest.raises(Locked, match=f"process {os.getpid()}\\."),
    ):
        fixes.apply(project.workspace, ["1"], restart=False, options=options)
    assert reported == [f"Waiting for another lab: process {os.getpid()}"]
    assert project.all() == before


def test_a_connection_that_ends_while_it_waits_for_another_lab_is_reported(project: Project) -> None:
    waiting = "pid <> ALL (SELECT pid FROM pg_locks WHERE granted)"
    ours = f"application_name LIKE '{APPLICATION_PREFIX} %' AND {waiting}"

    def end(_: object) -> None:
        project.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {ours}")

    with lock_schema(project.url, progress=print, lock_timeout=1), pytest.raises(DatabaseUnreachable):
        fixes.apply(project.workspace, ["1"], restart=False, options=Options(progress=end, lock_wait=5))


def test_of_two_commands_at_once_only_one_makes_the_change(project: Project) -> None:
    argv = [*project.command, "fix", "apply", "2", "--no-restart", "--json"]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    results = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert sorted(done["fixes"] for done in results) == [[], [2]]
    assert project.applied() == {2}


def test_the_history_has_every_change(project: Project) -> None:
    project.apply("1-2")
    project.revert("1")
    events = journal.history(project.workspace)
    assert [(event.verb, event.fixes) for event in events] == [("apply", (1, 2)), ("revert", (1,))]
    assert journal.applied_by_lab(project.workspace) == {2}
    with project.workspace.history.open("ab") as file:
        file.write(b'{"torn')
    project.apply("1")
    assert journal.applied_by_lab(project.workspace) == {1, 2}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EnvironmentFault("The port is taken.")])
def test_a_restart_that_fails_undoes_the_change_and_restarts_again(
    project: Project, error: BaseException
) -> None:
    before, seen = project.all(), []

    def restart(*_: object) -> tuple[str, ...]:
        seen.append(project.code())
        if len(seen) == 1:
            raise error
        return ("service",)

    with pytest.raises(type(error)):
        project.apply("1-2", restarter=restart)
    assert project.all() == before
    assert [code == before[0] for code in seen] == [False, True]
    assert project.applied() == set()


def test_the_restart_is_between_the_wider_schema_and_the_narrower_one(project: Project) -> None:
    """Fix 1 is patch-first: the old code cannot use its index. Fix 3's table is needed by its own code."""
    index, table = "ix_things_name", "waiting"
    seen: list[set[object]] = []

    def restart(*_: object) -> tuple[str, ...]:
        rows = project.sql(f"SELECT relname FROM pg_class WHERE relname IN ('{index}', '{table}')")
        seen.append({name for (name,) in rows})
        return ()

    project.apply("1", "3", restarter=restart)
    project.revert("1", "3", restarter=restart)
    assert seen == [{table}, {table}]
    assert project.applied() == set()


def test_an_undone_change_takes_the_phases_back_in_the_opposite_order(project: Project) -> None:
    seen: list[set[object]] = []

    def restart(*_: object) -> tuple[str, ...]:
        rows = project.sql("SELECT relname FROM pg_class WHERE relname IN ('ix_things_name', 'waiting')")
        seen.append({name for (name,) in rows})
        return ()

    def fail(checkpoint: str) -> None:
        if checkpoint.startswith("after apply 1") and checkpoint.endswith("migration"):
            raise EnvironmentFault("The disk is full.")

    with pytest.raises(EnvironmentFault):
        project.apply("1", "3", restarter=restart, options=Options(checkpoint=fail))
    assert seen == [{"waiting"}, {"waiting"}]
    assert project.applied() == set()
