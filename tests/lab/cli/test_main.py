"""The command line as a whole: help, exit codes, signals, and output that cannot be written."""

import json
import os
import pty
import sys
from pathlib import Path

import pytest

from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command
from tests.lab.operations.conftest import ROWS

SLOW = ("sqlalchemy", "alembic", "flask", "rich", "psycopg2", "requests", "yaml")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["up", "--help"], ["fix", "--help"]])
def test_help_imports_nothing_slow(words: list[str]) -> None:
    code = (
        "import sys; from lab.cli.main import main; sys.argv = ['lab', *sys.argv[1:]]; code = main();"
        f"print([name for name in {SLOW} if name in sys.modules], file=sys.stderr); raise SystemExit(code)"
    )
    finished = run([sys.executable, "-c", code, *words])
    assert (finished.code, finished.stderr) == (0, b"[]\n")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-C", "/nowhere", "status"], 2, "/nowhere is not a folder"),
        (
            ["-C", str(PROJECT), "--library", "/nowhere", "status"],
            2,
            "/nowhere is no library: it holds no lab.toml",
        ),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    lab: Command, words: list[str], code: int, message: str
) -> None:
    finished = lab(*words)
    assert finished.code == code
    assert message in finished.stderr.decode()
    assert finished.stdout == b""


def test_a_closed_input_is_no_terminal_and_no_traceback(command: Command) -> None:
    lab = f"{sys.executable} -m lab"
    finished = run(["sh", "-c", f"{lab} demo 3 --step <&-"], cwd=PROJECT)
    assert (finished.code, b"so it needs a terminal" in finished.stderr) == (2, True)


def test_no_workspace_says_what_to_do(lab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    finished = lab("status")
    assert (finished.code, "-C DIR" in finished.stderr.decode()) == (2, True)


def test_the_fixes_are_listed_without_a_workspace_unless_one_is_named(
    lab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert b"started_at_index" in lab("fix", "list").stdout
    assert b"Bug 5, medium" in lab("fix", "show", "5").stdout
    assert lab("-C", tmp_path, "fix", "list").code == 2


def test_the_variable_names_the_library_unless_the_option_does(up: None, here: Command) -> None:
    wrong = here("fix", "list", LAB_LIBRARY="/nowhere")
    assert (wrong.code, "/nowhere is no library" in wrong.stderr.decode()) == (2, True)
    tickets = str(PROJECT / "tests" / "projects" / "tickets")
    for finished in (
        here("fix", "list", LAB_LIBRARY=tickets),
        here("--library", tickets, "fix", "list", LAB_LIBRARY="/nowhere"),
    ):
        assert finished.code == 0
        assert b"ticket_route" in finished.stdout


def test_variables_of_libpq_change_nothing(up: None, command: Command) -> None:
    variables = {
        "PGSSLMODE": "require",
        "PGSERVICE": "elsewhere",
        "PGOPTIONS": "-c default_transaction_read_only=on",
        "PGTARGETSESSIONATTRS": "read-only",
    }
    report = json.loads(command("status", "--json", **variables).stdout)
    assert (report["database"]["running"], report["database"]["rows"]) == (True, ROWS)


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [("/dev/full", 4, "No space left"), ("&-", 0, ""), ("/dev/null 2>&-", 0, "")],
)
def test_output_that_cannot_be_written_is_no_traceback(
    up: None, workspace: Workspace, target: str, code: int, message: str
) -> None:
    finished = run(["bash", "-c", f"'{sys.executable}' -m lab status >{target}"], cwd=workspace.root)
    assert finished.code == code
    assert message in finished.stderr.decode()
    assert b"Traceback" not in finished.stderr


def test_a_closed_terminal_ends_a_command_as_an_interrupt_does(workspace: Workspace) -> None:
    """The clean-up prints messages, which can no longer be written."""
    code = (
        "import sys, time, click, lab.cli.main as main\n"
        "@click.command()\n"
        "def wait():\n"
        "    try:\n"
        "        print('waiting', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        print('cleaning', file=sys.stderr, flush=True)\n"
        "        open('cleaned', 'w').close()\n"
        "main.cli.add_command(wait)\n"
        "sys.argv = ['lab', 'wait']\n"
        "raise SystemExit(main.main())"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(workspace.root)
        os.execv(sys.executable, [sys.executable, "-c", code])
    assert b"waiting" in os.read(terminal, 100)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    (workspace.root / "cleaned").unlink()


def test_an_interrupt_reports_what_was_already_done(workspace: Workspace) -> None:
    code = (
        "import sys, click, lab.cli.main as main\n"
        "@click.command()\n"
        "def wait():\n"
        "    interrupt = KeyboardInterrupt()\n"
        "    interrupt.add_note('Half of it is done.')\n"
        "    raise interrupt\n"
        "main.cli.add_command(wait)\n"
        "sys.argv = ['lab', 'wait']\n"
        "raise SystemExit(main.main())"
    )
    finished = run([sys.executable, "-c", code], cwd=workspace.root)
    assert (finished.code, finished.stderr.split(b"\n")[-2]) == (130, b"Interrupted. Half of it is done.")


def test_an_interrupt_during_the_imports_is_quiet(workspace: Workspace) -> None:
    code = (
        "import sys, lab.__main__\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "raise SystemExit(lab.__main__.main())"
    )
    finished = run([sys.executable, "-c", code], cwd=workspace.root)
    assert (finished.code, finished.stderr) == (130, b"")
