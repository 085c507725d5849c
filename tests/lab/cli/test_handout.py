"""`lab handout`, and the `lab` that a handout holds: it has the candidate's commands only."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.handouts import FOLDER_VARIABLE, Handout, mark_of
from lab.json_files import from_json
from lab.operations.candidate_tool import INTERVIEWERS
from lab.shell import Finished, run
from lab.timeline import read
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command

TIMEOUT = 300.0
"""Seconds. A check of several bugs takes half a minute where nothing else runs."""


def run_lab(
    *words: str, cwd: Path = PROJECT, source: Path = PROJECT, records: Path | None = None
) -> Finished:
    """Run `lab` from the folder `source`, which holds its package."""
    environment = {"PYTHONPATH": str(source), FOLDER_VARIABLE: str(records or cwd)}
    return run([sys.executable, "-P", "-m", "lab", *words], cwd=cwd, env=environment, timeout=TIMEOUT)


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handouts")
    words = ["handout", str(folder / "ada"), "--name", "Ada", "--bugs", "1-3, 7", "--json"]
    done = run_lab(*words, records=folder / "records")
    assert done.code == 0, done.stderr.decode()
    assert json.loads(done.stdout)["handout"]["bugs"] == [1, 2, 3, 7]
    listed = run_lab("handout", "--list", records=folder / "records").stdout.decode()
    assert "Ada" in listed
    assert "1, 2, 3, 7" in listed
    return folder / "ada"


def test_a_list_without_handouts_says_so(lab: Command, tmp_path: Path) -> None:
    records = {FOLDER_VARIABLE: str(tmp_path)}
    assert lab("handout", "--list", **records).stdout == b"No handout has been made.\n"
    assert lab("handout", "--list", "--json", **records).stdout == b"[]\n"


@pytest.mark.parametrize("words", [["fix", "list"], ["fix", "show", "3", "--help"], ["check", "3"], ["demo"]])
def test_in_a_handout_the_interviewers_commands_say_so(handout: Path, words: list[str]) -> None:
    done = run_lab(*words, cwd=handout, source=handout)
    assert done.code == 3
    assert done.stderr.decode() == (
        f"lab: lab {words[0]} is the interviewer's command. Yours are git, alembic and those of lab --help.\n"
    )
    assert done.stdout == b""


HELP = """
import click
from lab.cli.main import cli

def show(command, context):
    print(command.get_help(context))
    for name, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            show(one, click.Context(one, context, name, **one.context_settings))

show(cli, click.Context(cli, info_name="lab", **cli.context_settings))
"""


def test_in_a_handout_no_help_and_no_status_names_a_fix(handout: Path) -> None:
    asked = run([sys.executable, "-P", "-c", HELP], cwd=handout, env={"PYTHONPATH": str(handout)})
    status, as_json = (
        run_lab("status", *form, cwd=handout, source=handout).stdout.decode() for form in ([], ["--json"])
    )
    helps = asked.stdout.decode()
    assert helps.count("Usage: lab") > 12
    assert "Usage: lab migration new" in helps
    assert "device-service" in status
    assert json.loads(as_json)["fixes"] is None
    for text in (helps, status):
        assert re.findall(r"fix|bug|hint|demo|probe|librar", text.replace("debugging", ""), re.I) == []


def test_a_handout_keeps_a_timeline_once_its_lab_was_started(handout: Path) -> None:
    assert list(read(handout)) == []
    (handout / ".lab").mkdir()
    try:
        run_lab("url", "--nothing", cwd=handout, source=handout)
        run_lab("--version", cwd=handout, source=handout)
        assert [(one.words, one.code) for one in read(handout)] == [
            (("url", "--nothing"), 2),
            (("--version",), 0),
        ]
    finally:
        for path in (handout / ".lab").iterdir():
            path.unlink()
        (handout / ".lab").rmdir()


def test_an_exercise_without_a_folder_is_wrong_usage(lab: Command) -> None:
    done = lab("handout")
    assert done.code == 2
    assert "Missing argument 'DIR'" in done.stderr.decode()


def test_a_handout_has_what_its_commands_need_and_nothing_that_measures(handout: Path) -> None:
    text = run_lab("--help", cwd=handout, source=handout).stdout.decode()
    commands = re.findall(r"^  ([a-z]+) ", text.partition("Commands:")[2].partition("Exit codes")[0], re.M)
    lifecycle = {"up", "down", "restart", "run", "reset"}
    assert lifecycle | {"status", "logs", "psql", "url", "doctor", "migration"} == {*commands}
    assert (handout / "lab/engine/guest/history.py").is_file()
    assert (handout / "lab/review/findings.toml").is_file()
    assert not (handout / "lab/probing").exists()
    assert not (handout / "lab/catalog/template").exists()
    for module in sorted((handout / "lab").rglob("*.py")):
        for name in imports(module):
            path = handout / name.replace(".", "/")
            assert path.with_suffix(".py").is_file() or path.is_dir(), f"{module} imports {name}"


def imports(module: Path) -> Iterator[str]:
    """The modules of `lab` that a candidate's command may import through this one."""
    if f"lab.{module.parent.name}.{module.stem}" in INTERVIEWERS:
        return
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lab"):
            yield node.module
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in names if (PROJECT / f"{name.replace('.', '/')}.py").is_file())


@pytest.mark.slow
def test_a_handout_is_taken_through_and_nothing_is_lost(tmp_path: Path, port_offset: int) -> None:
    """Repairs by hand in plain git and Alembic, then help and a reset from the interviewer's side."""
    root, records = tmp_path / "ada", tmp_path / "records"
    assert run_lab("handout", str(root), "--name", "Ada", records=records).code == 0
    here = partial(run_lab, cwd=root, source=root)
    there = partial(run_lab, "-C", str(root), records=records)
    assert here("up", "--rows", "1000", "--port-offset", str(port_offset + 320)).code == 0
    try:
        edit(root / "compose/docker-compose.yml", "- PORT=5003\n", f"- PORT=5003\n      - {ADDRESS}\n")
        edit(root / "app/workflow_service/device_client.py", "/device/", "/devices/")
        edit(root / "app/workflow_service/device_client.py", "/reserve", "/book")
        commit(root, "Repair the start of workflows")
        assert here("restart").code == 0
        own = root / "migrations/versions/0003_notes.py"
        assert alembic(root, "revision", "-m", "notes", "--rev-id", "0003").code == 0
        edit(own, "    pass", '    op.execute("CREATE TABLE notes (id integer)")')
        edit(own, "    pass", '    op.execute("DROP TABLE notes")')
        assert alembic(root, "upgrade", "head").code == 0
        commit(root, "Add notes")
        mine = tree(root)

        assert here("psql", "-Atc", "SELECT 1").stdout == b"1\n"
        assert here("psql", "-c", "SELECT no").code == 1
        run_so_far = [(one.words[0], one.code) for one in read(root)]
        assert run_so_far[-2:] == [("psql", 0), ("psql", 1)]

        given = there("fix", "apply", "1-5", "--json")
        assert given.code == 0, given.stderr.decode()
        assert {one.bug for one in record(root, records).given} == {3, 4, 5}
        assert there("hint", "6", "--for", str(root)).code == 0
        assert record(root, records).hints_given(6) == 1
        assert verdicts(there("check", "1-5", "--bugs-only", "--json")) == ["fixed"] * 5
        assert (own.read_text(), git(root, "log", "--oneline").count("\n")) == (mine[str(own)], 3)

        assert here("reset").stdout.decode().endswith("What your interviewer applied is kept.\n")
        for words in (("upgrade", "head"), ("downgrade", "0002"), ("upgrade", "head")):
            assert alembic(root, *words).code == 0, words
        assert there("reset").code == 0
        assert here("down", "--destroy").code == 0
        assert here("up", "--rows", "1000", "--port-offset", str(port_offset + 320)).code == 0
        assert alembic(root, "upgrade", "head").code == 0
        assert verdicts(there("check", "1-5", "--json")) == ["fixed"] * 5
        assert here("down").code == 0
        assert here("up").code == 0
        states = json.loads(there("fix", "status", "--json").stdout)["fixes"]
        assert [one["state"] for one in states[:5]] == ["present"] * 5
        assert there("fix", "revert", "all").code == 0
        assert tree(root) == mine
        assert here("reset").code == 0
        assert here("reset", "--code").code == 0
        (saved,) = (root / ".lab/saved").glob("*.patch")
        assert own.name in saved.read_text()
        assert git(root, "apply", str(saved)) == ""
        assert tree(root) == mine
    finally:
        assert here("down", "--destroy").code == 0


ADDRESS = "DEVICE_SERVICE_URL=http://device-service:5001"


def verdicts(checked: Finished) -> list[str]:
    assert checked.stdout, checked.stderr.decode()
    return [one["verdict"] for one in json.loads(checked.stdout)["evidence"]]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file} has no {old!r}"
    file.write_text(text.replace(old, new, 1))


def git(root: Path, *words: str) -> str:
    done = run(["git", "-C", root, "-c", "user.name=Ada", "-c", "user.email=ada@localhost", *words])
    assert done.code == 0, done.stderr.decode()
    return done.stdout.decode()


def commit(root: Path, message: str) -> None:
    git(root, "add", ".")
    git(root, "commit", "-qm", message)


def alembic(root: Path, *words: str) -> Finished:
    return run([sys.executable, "-P", "-m", "alembic", *words], cwd=root, env={"PYTHONPATH": str(root)})


def record(root: Path, records: Path) -> Handout:
    mark = mark_of(root)
    assert mark is not None
    return from_json((records / f"{mark.id}.json").read_bytes(), Handout)


def tree(root: Path) -> dict[str, str]:
    folders = [root / name for name in ("app", "compose", "migrations")]
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".yml", ".yaml"}
    ]
    return {str(path): path.read_text() for path in files}
