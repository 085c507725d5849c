"""The commands as a person meets them: what they print, what they return, what they refuse."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time

import pytest

from lab.operations import inspect
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.lab.cli.conftest import Command

HEAVY = ("sqlalchemy", "alembic", "flask", "rich", "psycopg2", "requests", "yaml")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["up", "--help"], ["fix", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from lab.cli.main import _run; sys.argv = ['lab', *sys.argv[1:]]; code = _run();"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr); raise SystemExit(code)"
    )
    finished = run([sys.executable, "-c", code, *words])
    assert (finished.code, finished.stderr) == (0, b"[]\n")


def test_status_tells_what_runs_what_crashed_and_where_its_log_is(up: None, command: Command) -> None:
    said = command("status").stdout.decode()
    assert "1,000 execution logs" in said
    assert "revision 0002" in said
    assert "workflow-service has crashed. Its log: lab logs workflow-service" in said
    assert "Fixes applied: none." in said


def test_status_as_json_holds_the_same(up: None, command: Command) -> None:
    report = json.loads(command("status", "--json").stdout)
    assert report["database"]["rows"] == 1000
    services = {service["name"]: service for service in report["services"]}
    assert services["device-service"]["state"] == "healthy"
    assert services["workflow-service"]["exit_code"] == 1
    assert {fix["state"] for fix in report["fixes"]["fixes"]} == {"absent"}


def test_logs_show_the_crash(up: None, command: Command) -> None:
    assert (
        command("logs", "workflow-service")
        .stdout.decode()
        .rstrip()
        .endswith("KeyError: 'DEVICE_SERVICE_URL'")
    )


def test_logs_of_everything_name_the_service_on_each_line(up: None, command: Command) -> None:
    lines = command("logs").stdout.decode().splitlines()
    names = {line.partition(" | ")[0].strip() for line in lines}
    assert names <= {"db", "device-service", "workflow-service"}
    assert "workflow-service" in names


def test_followed_logs_show_what_comes_and_end_on_interrupt(up: None, workspace: Workspace) -> None:
    follow = subprocess.Popen(
        [sys.executable, "-m", "lab", "logs", "device-service", "-f", "-n", "0"],
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    log = workspace.logs / "device-service.log"
    with follow, log.open("a") as file:
        assert follow.stdout is not None
        deadline = time.monotonic() + 20
        os.set_blocking(follow.stdout.fileno(), False)
        seen = b""
        while b"a new line" not in seen and time.monotonic() < deadline:
            file.write("a new line\n")
            file.flush()
            time.sleep(0.2)
            seen += follow.stdout.read() or b""
        follow.send_signal(signal.SIGINT)
        assert follow.wait(20) == 130
    assert b"a new line" in seen


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGSSLMODE", "require"),
        ("PGSERVICE", "elsewhere"),
        ("PGOPTIONS", "-c default_transaction_read_only=on"),
        ("PGTARGETSESSIONATTRS", "read-only"),
    ],
)
def test_variables_of_libpq_change_nothing(up: None, command: Command, name: str, value: str) -> None:
    report = json.loads(command("status", "--json", **{name: value}).stdout)
    assert (report["database"]["running"], report["database"]["rows"]) == (True, 1000)


def test_a_reader_that_goes_away_is_no_failure_of_what_was_asked(up: None, workspace: Workspace) -> None:
    line = f"'{sys.executable}' -m lab logs db -n 100000 | true; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root)
    assert (finished.stdout, finished.stderr) in {(b"141\n", b""), (b"0\n", b"")}


@pytest.mark.parametrize("words", ["status", "status --json", "fix list", "url"])
def test_a_report_that_nobody_reads_is_141(up: None, workspace: Workspace, words: str) -> None:
    line = f"'{sys.executable}' -m lab {words} | true; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root)
    assert (finished.stdout, finished.stderr) == (b"141\n", b"")


def test_a_report_of_a_failure_that_nobody_reads_is_141_too(
    up: None, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    line = f"'{sys.executable}' -m lab check 1 | true; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root, timeout=60)
    assert finished.stdout == b"141\n"
    assert b"Broken" not in finished.stderr


def test_following_a_quiet_log_ends_with_its_reader(up: None, workspace: Workspace) -> None:
    line = f"'{sys.executable}' -m lab logs workflow-service -f -n 1 | head -n 1; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root, timeout=20)
    assert (finished.stdout.splitlines()[-1], finished.stderr) == (b"141", b"")


@pytest.mark.parametrize(
    ("target", "code", "said"), [("/dev/full", 4, "No space left"), ("&-", 0, ""), ("/dev/null 2>&-", 0, "")]
)
def test_output_that_goes_nowhere_is_no_traceback(
    up: None, workspace: Workspace, target: str, code: int, said: str
) -> None:
    finished = run(["bash", "-c", f"'{sys.executable}' -m lab status >{target}"], cwd=workspace.root)
    assert finished.code == code
    assert said in finished.stderr.decode()
    assert b"Traceback" not in finished.stderr


def test_a_terminal_that_is_closed_ends_a_command_as_an_interrupt_does(workspace: Workspace) -> None:
    """Cleaning up says what it does, and there is nobody left to say it to."""
    code = (
        "import sys, time, click, lab.cli.main as door\n"
        "@click.command()\n"
        "def wait():\n"
        "    try:\n"
        "        print('waiting', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        print('cleaning', file=sys.stderr, flush=True)\n"
        "        open('cleaned', 'w').close()\n"
        "door.cli.add_command(wait)\n"
        "sys.argv = ['lab', 'wait']\n"
        "raise SystemExit(door.main())"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(workspace.root)
        os.execv(sys.executable, [sys.executable, "-c", code])
    assert b"waiting" in os.read(terminal, 100)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    (workspace.root / "cleaned").unlink()


def test_an_interrupt_tells_what_was_done_before(workspace: Workspace) -> None:
    code = (
        "import sys, click, lab.cli.main as door\n"
        "@click.command()\n"
        "def wait():\n"
        "    pressed = KeyboardInterrupt()\n"
        "    pressed.add_note('Half of it is done.')\n"
        "    raise pressed\n"
        "door.cli.add_command(wait)\n"
        "sys.argv = ['lab', 'wait']\n"
        "raise SystemExit(door.main())"
    )
    finished = run([sys.executable, "-c", code], cwd=workspace.root)
    assert (finished.code, finished.stderr.split(b"\n")[-2]) == (130, b"Interrupted. Half of it is done.")


def test_an_interrupt_while_the_command_loads_is_quiet(workspace: Workspace) -> None:
    code = (
        "import sys, lab.__main__\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "raise SystemExit(lab.__main__.main())"
    )
    finished = run([sys.executable, "-c", code], cwd=workspace.root)
    assert (finished.code, finished.stderr) == (130, b"")


def test_the_password_stands_in_no_command_line(up: None, workspace: Workspace) -> None:
    argv, environment = inspect.psql(workspace, ())
    assert (len(argv), environment["PGPASSWORD"]) == (1, "lab")


def test_psql_runs_a_query(up: None, command: Command) -> None:
    finished = command("psql", "-At", "-c", "SELECT count(*) FROM devices")
    assert (finished.code, finished.stdout) == (0, b"20\n")


def test_psql_takes_its_own_options_for_another_host_role_or_database(up: None, command: Command) -> None:
    who = "SELECT current_user || ' in ' || current_database()"
    assert command("psql", "-d", "postgres", "-Atc", who).stdout == b"lab in postgres\n"
    asked = command("psql", "-U", "device_service", "-Atc", who, PGPASSWORD="ignored")
    assert b'authentication failed for user "device_service"' in asked.stderr
    assert b"/nowhere" in command("psql", "-h", "/nowhere").stderr


def test_url_prints_one_address_that_answers(up: None, command: Command) -> None:
    url = command("url", "device-service").stdout.decode().strip()
    host, _, port = url.removeprefix("http://").partition(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    assert json.loads(command("url", "--json").stdout)["device-service"] == url


def test_plain_alembic_works_with_no_variable_set(up: None, workspace: Workspace) -> None:
    finished = run([sys.executable, "-m", "alembic", "check"], cwd=workspace.root)
    assert finished.code == 0, finished.stderr.decode()
    assert b"No new upgrade operations" in finished.stdout


def test_doctor_finds_what_the_lab_needs(up: None, command: Command) -> None:
    finished = command("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(finished.stdout)}
    assert finished.code == 0  # a machine without an engine for containers is a machine for the lab
    assert checks["PostgreSQL"]["ok"]
    assert checks["git"]["ok"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["restart", "ghost"], 2, "There is no service 'ghost'. The services are device-service"),
        (["logs", "ghost"], 2, "There is no service 'ghost'"),
        (["url", "ghost"], 2, "There is no service 'ghost'"),
        (["up", "--rows", "0"], 2, "--rows"),
        (["up", "--rows", "-1"], 2, "--rows"),
        (["up", "--rows", "many"], 2, "--rows"),
        (["up", "--rows", "2000"], 3, "lab down --destroy"),
        (["up", "--port-offset", "99999"], 2, "--port-offset"),
        (["-C", "/nowhere", "status"], 2, "/nowhere is not a folder"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_bad_input_is_one_sentence_and_its_exit_code(
    up: None, command: Command, words: list[str], code: int, said: str
) -> None:
    finished = command(*words)
    assert finished.code == code
    assert said in finished.stderr.decode()
    assert finished.stdout == b""


def test_no_workspace_says_what_to_do(command: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    finished = command("status", folder=tmp_path_factory.mktemp("empty"))
    assert (finished.code, "-C DIR" in finished.stderr.decode()) == (2, True)


def test_a_damaged_compose_file_is_named_with_what_is_wrong(
    up: None, workspace: Workspace, command: Command
) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text(text.replace("mem_limit", "memory_limit"))
    try:
        finished = command("up")
    finally:
        workspace.compose_file.write_text(text)
    assert finished.code == 2
    assert "services.device-service.memory_limit: the lab does not know this key" in finished.stderr.decode()
    assert json.loads(command("status", "--json").stdout)["services"][0]["state"] == "healthy"


def test_a_disk_that_cannot_be_written_is_an_error_of_the_environment(
    command: Command, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, port_offset: int
) -> None:
    root = tmp_path_factory.mktemp("readonly")
    for name in ("app", "compose", "migrations", "alembic.ini"):
        (root / name).symlink_to(workspace.root / name)
    (root / ".lab").write_text("a file where the state's folder should be")
    finished = command("up", "--rows", "10", "--port-offset", str(port_offset + 1), folder=root)
    assert finished.code == 4
    assert "cannot be written" in finished.stderr.decode()


@pytest.mark.parametrize(
    "words", [["status"], ["up"], ["down"], ["restart"], ["logs"], ["psql"], ["url"], ["doctor"], ["reset"]]
)
def test_every_command_has_help_with_an_example(command: Command, words: list[str]) -> None:
    assert "Example: " in command(*words, "--help").stdout.decode()


def test_the_readme_lists_every_command() -> None:
    from lab.cli.main import cli

    text = (PROJECT / "README.md").read_text()
    assert [name for name in cli.commands if f"`lab {name}" not in text] == []
