"""The commands of `lab fix`, on the tiny lab: what they print, and their exit codes."""

import fcntl
import json

import pytest

from lab.operations.changed import Changed, Outcome
from lab.shell import Finished, run
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command
from tests.lab.conftest import Project


@pytest.fixture
def fix(lab: Command, project: Project) -> Command:
    """Run `lab fix` in this process, in the tiny lab, which is its own library too."""

    def call(verb: str, *words: str) -> Finished:
        if verb in {"apply", "revert", "recover"}:
            words = ("--no-restart", *words)  # the tiny lab has no services
        return lab("-C", project.root, "--library", project.root, "fix", verb, *words)

    return call


def test_apply_reports_each_step_with_its_time_and_revert_undoes_it(fix: Command, project: Project) -> None:
    before = project.all()
    done = fix("apply", "1-2")
    assert done.code == 0
    assert b"Applied fixes 1, 2 in " in done.stdout
    steps = done.stderr.decode().splitlines()
    assert [line.rpartition("  ")[0] for line in steps] == [
        "apply 2 seen_index: migration",
        "apply 1 polite: patch",
        "apply 2 seen_index: patch",
        "apply 1 polite: migration",
    ]
    assert all(line.endswith(" s") for line in steps)
    assert fix("apply", "2").stdout == b"Fix 2 is already applied.\n"
    assert b"Reverted fixes 2, 1" in fix("revert", "all").stdout
    assert project.all() == before


@pytest.mark.parametrize(
    ("words", "fixed", "code"),
    [
        ([], (True, True), 0),
        ([], (True, False), 1),
        ([], (None,), 0),
        (["--check"], (None,), 4),
        (["--check"], (None, False), 1),
    ],
)
def test_apply_fails_if_a_bug_was_measured_and_is_not_fixed(
    words: list[str],
    fixed: tuple[bool | None, ...],
    code: int,
    lab: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = tuple(Outcome(number, one, "It is so.") for number, one in enumerate(fixed, 1))
    done = Changed("apply", (1,), (), (), (), (), 0.1, outcomes=outcomes)
    monkeypatch.setattr("lab.operations.rescue.rescue", lambda *_, **__: done)
    finished = lab("-C", PROJECT, "fix", "apply", "1", *words)
    assert finished.stdout.startswith(b"Applied fix 1")
    assert finished.code == code


def test_status_shows_code_and_schema_apart(fix: Command, project: Project) -> None:
    project.apply("2")
    project.edit("app/service.py", '"you "', '"thou "')
    project.sql("DROP INDEX ix_things_seen_at")
    rows = {row["number"]: row for row in json.loads(fix("status", "--json").stdout)["fixes"]}
    assert (rows[1]["code"], rows[1]["schema"]) == ("mixed", "absent")
    assert rows[1]["why"] == ["app/service.py, line 9: neither as shipped nor as the fix has them"]
    assert (rows[2]["code"], rows[2]["schema"]) == ("present", "mixed")
    assert (rows[3]["code"], rows[3]["schema"], rows[3]["blocked"]) == ("absent", "absent", "")
    assert b"index ix_things_seen_at is not there" in fix("status").stdout


def test_without_a_database_status_still_shows_the_code(fix: Command, project: Project) -> None:
    project.workspace.database_url_file.unlink()
    text = fix("status")
    assert text.code == 0
    assert b"The schema is unknown: The lab is not up." in text.stdout
    refused = fix("apply", "1")
    assert refused.code == 4
    assert b"lab up" in refused.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["apply", "9"], 2, "There is no fix 9."),
        (["apply", "3"], 3, "lab fix apply 1 3"),
        (["apply"], 2, "Missing argument"),
        (["show", "all"], 2, "does not mean one fix"),
        (["show", "seen-idx"], 2, "Did you mean seen_index?"),
        (["new", "Bad Slug!"], 2, "is not a slug"),
        (["new", "polite"], 3, "There is a fix of that name"),
        (["recover", "7"], 2, "There is no fix 7."),
    ],
)
def test_a_bad_request_is_refused_with_its_exit_code(
    fix: Command, project: Project, words: list[str], code: int, text: str
) -> None:
    before = project.all()
    finished = fix(*words)
    assert finished.code == code
    assert text in finished.stderr.decode()
    assert project.all() == before


def test_a_conflict_shows_the_lines_in_the_way_and_not_those_of_the_fix(
    fix: Command, project: Project
) -> None:
    project.edit("app/service.py", '"you "', '"thou "')
    finished = fix("apply", "1")
    assert finished.code == 3
    text = finished.stderr.decode()
    assert "app/service.py was edited in the lines that the fix changes (line 9)." in text
    assert '\n  line 9:\n        return "thou " + name\n' in text
    assert "dear" not in text
    assert fix("apply", "1", "--dry-run").code == 3


def test_a_dry_run_prints_the_diff_and_the_sql(fix: Command, project: Project) -> None:
    before = project.all()
    text = fix("apply", "2", "--dry-run").stdout.decode()
    assert "+    return len(things)" in text
    assert "CREATE INDEX CONCURRENTLY" in text
    assert text.endswith("Would apply fix 2. Nothing was changed.\n")
    report = json.loads(fix("apply", "2", "--dry-run", "--json").stdout)
    assert report["dry_run"] is True
    assert [set(step) for step in report["steps"]] == [{"text", "seconds"}] * 2
    assert project.all() == before


def test_show_prints_the_part_that_its_option_names(fix: Command) -> None:
    plain = fix("show", "seen-index").stdout.decode()
    assert "2 hints. Open one: lab hint 2" in plain
    assert fix("show", "2", "--hints").stdout == b"Hint 1: Look.\nHint 2: Look again.\n"
    assert fix("show", "2", "--diff").stdout.startswith(b"diff --git a/app/models.py")
    sql = fix("show", "2", "--sql").stdout.decode()
    assert sql.index("CREATE INDEX") < sql.index("DROP INDEX")
    assert fix("show", "2", "--guide").stdout == b"# Find what was seen\n"
    assert json.loads(fix("show", "2", "--diff", "--json").stdout)["objects"] == ["index ix_things_seen_at"]


@pytest.mark.parametrize("form", [(), pytest.param(("--json",), marks=pytest.mark.slow)])
def test_show_gives_neither_the_cause_nor_a_hint_away_unless_it_is_asked_to(
    fix: Command, form: tuple[str, ...]
) -> None:
    shown = fix("show", "2", *form).stdout.decode()
    assert "Something is off." in shown
    for told in ("Look", "Find what was seen", "seen_index", "models.py", "ix_things"):
        assert told not in shown


@pytest.mark.slow
def test_new_creates_a_folder_that_is_not_usable_until_it_is_filled_in(
    fix: Command, project: Project
) -> None:
    assert b"04_stale_cache" in fix("new", "stale-cache").stdout
    listed = fix("list").stdout.decode()
    assert "3  queue" in listed
    for problem in (
        "title: not filled in",
        "hints[3]: not filled in",
        "probe.needs: 'TODO' is not in lab.toml: tiny",
        "downgrade: not written yet",
        "no file is",
    ):
        assert problem in listed
    assert "def probe(bench: Bench)" in (project.root / "probes" / "stale_cache.py").read_text()
    assert "Answers to bug 4" in (project.root / "tests" / "answers" / "4" / "README.md").read_text()
    (project.root / "fixes" / "04_stale_cache" / "notes.py").write_text("")
    assert "notes.py: a stray file" in fix("list").stdout.decode()
    refused = fix("apply", "4")
    assert refused.code == 2
    assert b"04_stale_cache cannot be used" in refused.stderr
    assert fix("apply", "1").code == 0
    assert b"05_another" in fix("new", "another").stdout


def test_new_refuses_the_name_of_a_probe(fix: Command, project: Project) -> None:
    (project.root / "probes").mkdir()
    (project.root / "probes" / "stale_cache.py").write_text("# of an earlier try\n")
    before = project.all()
    refused = fix("new", "stale-cache")
    assert refused.code == 3
    assert b"There is a probe of that name: " in refused.stderr
    assert project.all() == before


def test_recover_reports_what_it_undid_and_log_keeps_it(fix: Command, project: Project) -> None:
    assert fix("recover").stdout == b"There was nothing to recover.\n"
    assert fix("log").stdout == b"No fix has been applied or reverted here.\n"
    project.apply("2")
    project.sql("DROP INDEX ix_things_seen_at")
    assert fix("recover").stdout == b"Recovered: fix 2 is now not applied, in code and schema.\n"
    assert [event["verb"] for event in json.loads(fix("log", "--json").stdout)] == ["apply", "revert"]


@pytest.mark.slow
def test_another_running_lab_is_waited_for_and_named(project: Project) -> None:
    with project.workspace.lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("4711")
        held.flush()
        finished = run(
            [*project.command, "fix", "apply", "1"],
            timeout=60,
        )
    assert finished.code == 3
    text = finished.stderr.decode()
    assert text.startswith("Waiting for another lab: process 4711 …\n")
    assert "Another lab is at work here: process 4711. Nothing was touched." in text
    assert project.applied() == set()


def test_a_compose_file_with_which_no_service_can_be_restarted_is_refused_before_the_change(
    project: Project,
) -> None:
    project.workspace.compose_file.write_text("services: []")
    before = project.all()
    finished = run([*project.command, "fix", "apply", "1"], timeout=60)
    assert finished.code == 2
    assert b"docker-compose.yml" in finished.stderr
    assert project.all() == before
    assert run([*project.command, "fix", "apply", "1", "--no-restart"], timeout=60).code == 0


def test_a_patch_that_was_made_from_another_text_than_is_shipped_now_is_listed(
    fix: Command, project: Project
) -> None:
    assert b"outdated" not in fix("list").stdout
    project.edit("app/service.py", '"you "', '"thou "')
    listed = fix("list")
    assert listed.code == 0
    assert b"01_polite has an outdated patch; make it again:" in listed.stdout
    assert b"app/service.py" in listed.stdout
