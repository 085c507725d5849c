"""A fix is applied around the candidate's edits: what is there counts, what is in the way can be replaced."""

import shutil
from dataclasses import replace

import pytest

from lab import handouts
from lab.engine.fingerprint import schema_fingerprint
from lab.engine.journal import given_sql
from lab.engine.schema import read_schema
from lab.errors import Refused
from lab.library import Library
from lab.operations.fix_status import fix_status, fixes_in_code
from lab.operations.fixes import sync_schema
from lab.operations.rescue import NO_RECORD, rescue
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import Server
from tests.lab.conftest import PROJECTS, Project
from tests.lab.operations.test_hints import record

ID = "0123456789ab"


def make_handout(project: Project, built_in: tuple[int, ...] = (), *, recorded: bool = True) -> None:
    (project.root / handouts.MARK).write_text(f'{{"id": "{ID}", "name": "A. N. Other"}}')
    if recorded:
        bugs = tuple(n for n in (1, 2, 3) if n not in built_in)
        handouts.keep(project.workspace.library, replace(record(bugs), built_in=built_in))


def given(project: Project) -> list[tuple[str, int]]:
    return [(one.kind, one.bug) for one in handouts.find(project.workspace.library, ID).given]


def test_a_fix_that_is_applied_in_a_handout_is_recorded_as_given(project: Project) -> None:
    make_handout(project)
    assert rescue(project.workspace, ["2"], dry_run=True).given_in == ""
    assert rescue(project.workspace, ["2"], restart=False).given_in == ID
    assert rescue(project.workspace, ["1-2"], restart=False).fixes == (1,)
    assert rescue(project.workspace, ["1"], restart=False).given_in == ""
    assert given(project) == [("fix", 2), ("fix", 1)]


def test_the_lab_of_a_handout_makes_the_schema_of_given_fixes_again(
    project: Project, server: Server, tiny_template: str
) -> None:
    """It has no fixes: it finds the SQL of those that were applied, and not reverted, in the history."""
    make_handout(project)
    project.apply("1-3")
    own = candidates(project)
    url = server.create(f"{tiny_template}_again", tiny_template)
    try:
        assert own.library.is_handout
        assert fixes_in_code(own) == (1, 2, 3)
        for _ in range(2):  # what is recorded is not made twice
            sync_schema(own, url, (1, 2, 3))
            assert schema_fingerprint(url) == schema_fingerprint(project.url)
        assert read_schema(url).recorded == {"fix_1", "fix_2", "fix_3"}
        again = replace(project, url=url)
        again.workspace.database_url_file.write_text(url)
        assert again.applied() == {1, 2, 3}
        again.revert("2")
        assert (again.applied(), fixes_in_code(own)) == ({1, 3}, (1, 3))
    finally:
        server.drop(f"{tiny_template}_again")


@pytest.mark.slow
def test_a_library_never_takes_sql_from_a_workspace(project: Project) -> None:
    """The history is the candidate's file: whoever runs `lab` with fixes runs the fixes' own migrations."""
    make_handout(project)
    project.apply("1")
    forged = project.workspace.history.read_text().replace("CREATE ", "CREATE TABLE mine(); CREATE ")
    assert "mine" in forged
    project.workspace.history.write_text(forged)
    project.revert("1")
    sync_schema(project.workspace, project.url, (1,))
    assert project.sql("SELECT to_regclass('mine')") == [(None,)]


@pytest.mark.slow
def test_given_schema_that_cannot_be_made_leaves_the_database_as_it_was(project: Project) -> None:
    make_handout(project)
    project.apply("1-3")
    project.sql("DELETE FROM lab.fix_version WHERE version_num = 'fix_3'")
    before = project.all()
    with pytest.raises(Refused, match=r"cannot be made again: .* Ask your interviewer"):
        sync_schema(candidates(project), project.url, (1, 2, 3))
    assert project.all() == before


@pytest.mark.slow
def test_outside_a_handout_and_after_a_refusal_no_sql_is_kept(project: Project) -> None:
    project.apply("1")
    make_handout(project)
    project.edit("app/service.py", "total += 1", "total = total + 1")
    with pytest.raises(Refused):
        project.apply("2-3")
    assert given_sql(project.workspace) == {}


def candidates(project: Project) -> Workspace:
    """The workspace as the `lab` in it sees it: without any fix."""
    empty = project.root.parent / "own"
    empty.mkdir()
    shutil.copyfile(project.root / handouts.MARK, empty / handouts.MARK)
    return Workspace(project.root, Library(empty))


def test_a_fix_that_was_applied_before_a_kill_is_recorded_when_it_is_applied_again(project: Project) -> None:
    make_handout(project)
    project.apply("2")  # and the lab was killed before it recorded that
    project.edit("app/service.py", '"you "', '"dear "')
    project.sql(SAME_INDEX)  # fix 1, by the candidate
    again = rescue(project.workspace, ["1-2"], restart=False)
    assert (again.fixes, again.unchanged, again.given_in) == ((), (2,), ID)
    assert rescue(project.workspace, ["2"], restart=False).given_in == ""
    assert given(project) == [("fix", 2)]


def test_an_interrupt_while_it_is_measured_says_that_the_fix_is_applied(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    make_handout(project)
    monkeypatch.setattr("lab.operations.rescue._measured", interrupted)
    with pytest.raises(KeyboardInterrupt) as pressed:
        rescue(project.workspace, ["2"], restart=False)
    assert pressed.value.__notes__ == ["Fix 2 is applied, and recorded as given; not all of it was measured."]


@pytest.mark.slow
def test_in_a_handout_without_a_record_a_fix_is_applied_and_the_result_says_so(project: Project) -> None:
    make_handout(project, recorded=False)
    done = rescue(project.workspace, ["2"], restart=False)
    assert (done.fixes, done.given_in, done.notes) == ((2,), "", (NO_RECORD,))


def test_a_fix_that_is_built_in_counts_as_present_and_is_not_reverted(project: Project) -> None:
    project.apply("1")
    project.workspace.history.unlink()
    project.sql("DROP SCHEMA lab CASCADE")
    make_handout(project, built_in=(1,))
    before = project.all()
    applied = project.apply("all")
    assert (applied.fixes, applied.built_in) == ((2, 3), (1,))
    assert [row.built_in for row in fix_status(project.workspace).fixes] == [True, False, False]
    assert project.applied() == {1, 2, 3}
    with pytest.raises(Refused, match="Fix 1 is built into this handout"):
        project.revert("1")
    with pytest.raises(Refused, match="Fix 1 is built into this handout"):
        project.revert("2", "polite")
    reverted = project.revert("all")
    assert (reverted.fixes, reverted.built_in) == ((3, 2), (1,))
    assert project.all() == before


SAME_INDEX = "CREATE INDEX ix_things_name ON things (name)"
OTHER_INDEX = "CREATE UNIQUE INDEX ix_things_name ON things (name)"


def test_all_goes_on_over_a_fix_that_is_there_with_the_same_schema_and_leaves_that_as_it_is(
    project: Project,
) -> None:
    project.edit("app/service.py", '"you "', '"dear "')
    project.sql(SAME_INDEX)
    before = project.all()
    applied = project.apply("all")
    assert (applied.fixes, applied.candidates) == ((2, 3), (1,))
    row = fix_status(project.workspace).fixes[0]
    assert (row.state, row.why, row.blocked) == ("present", ("it is there, and not by lab",), "")
    assert project.revert("all").fixes == (3, 2)
    assert project.all() == before


@pytest.mark.slow
def test_an_object_of_the_same_name_with_another_definition_is_refused(project: Project) -> None:
    project.edit("app/service.py", '"you "', '"dear "')
    project.sql(OTHER_INDEX)
    before = project.all()
    with pytest.raises(Refused, match="index ix_things_name exists already"):
        project.apply("all")
    assert project.all() == before


def test_replaced_lines_are_saved_as_a_patch_that_gives_them_back(project: Project) -> None:
    project.edit("app/service.py", "total += 1", "total = total + 1")
    project.edit("app/service.py", '"""Greets things."""', '"""Greets all things."""')
    (project.root / "app" / "queue.py").write_text("mine = True\n")
    before = project.all()
    dry = project.apply("all", dry_run=True, replacing=True)
    assert project.all() == before
    applied = project.apply("all", replacing=True)
    assert applied.replaced == dry.replaced == ("app/queue.py", "app/service.py")
    assert applied.saved is not None
    assert applied.saved.parent == project.workspace.saved
    assert project.applied() == {1, 2, 3}
    assert '"""Greets all things."""' in project.code()["app/service.py"].decode()
    assert "total" not in project.code()["app/service.py"].decode()
    project.revert("all")
    assert project.applied() == set()
    shutil.copytree(PROJECTS / "tiny" / "app", project.root / "app", dirs_exist_ok=True)
    environment = {"GIT_CEILING_DIRECTORIES": str(project.root.parent)}
    assert run(["git", "apply", applied.saved], cwd=project.root, env=environment).code == 0
    assert project.all() == before


def test_a_part_that_the_candidate_wrote_is_completed_after_it_was_saved(project: Project) -> None:
    project.edit("app/models.py", "datetime | None]", "datetime | None] = mapped_column(index=True)")
    before = project.all()
    with pytest.raises(Refused, match="lab fix apply 2 --replace"):
        project.apply("2")
    assert project.all() == before
    applied = project.apply("2", replacing=True)
    assert (applied.replaced, applied.saved is not None) == (("app/models.py",), True)
    assert project.applied() == {2}


@pytest.mark.slow
def test_nothing_is_replaced_if_an_applied_fix_would_lose_its_code(project: Project) -> None:
    project.apply("1")
    text = (project.root / "app" / "service.py").read_text()
    start, end = text.index("    name = "), text.index("    return total")
    (project.root / "app" / "service.py").write_text(text[:start] + '    return "dear "\n' + text[end:])
    before = project.all()
    with pytest.raises(Refused, match="lines of fix 1 are in the same edit"):
        project.apply("2", replacing=True)
    assert project.all() == before
