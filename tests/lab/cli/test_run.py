"""`lab run` in a terminal: a debugger works, and afterwards the lab's own instance runs again."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from lab.operations.status import ServiceStatus
from tests.app.waiting import until
from tests.lab.cli.conftest import Command
from tests.lab.cli.terminal import CTRL_C, CTRL_Z, DEADLINE, SERVICE, Service, Session, Start

STOP_IN_REQUEST = """
    from flask import request

    def stop():
        if request.path == "/devices":
            breakpoint()

    def create_stopping_app():
        app = create_app()
        app.before_request(stop)
        return app

"""


def test_while_a_service_is_in_the_foreground_its_own_instance_steps_aside(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    found = service()
    assert found.foreground == run.process.pid
    run.type(CTRL_C)
    run.wait_for(f"The lab's own {SERVICE} runs again.")
    assert run.end() == 0
    assert service().foreground is None


def until_asleep(service: ServiceStatus) -> None:
    process = psutil.Process(service.pid)
    until(lambda: process.status() == psutil.STATUS_SLEEPING, "the service to wait")


@pytest.mark.slow
def test_a_breakpoint_reads_from_the_terminal(start: Start, service: Service, code: Path) -> None:
    code.write_text(code.read_text().replace("    serve(", "    breakpoint()\n    serve("))
    run = start()
    run.wait_for("(Pdb) ")
    run.type("p 6 * 7\n")
    run.wait_for("42")
    run.wait_for("(Pdb) ")
    until_asleep(service("unhealthy"))  # the debugger misses a signal that comes before it reads
    run.type(CTRL_C)
    run.wait_for("KeyboardInterrupt")
    run.wait_for("(Pdb) ")
    run.type("continue\n")
    assert service().foreground == run.process.pid
    code.write_text(code.read_text().replace("    breakpoint()\n", ""))
    run.type(CTRL_C)
    assert run.end() == 0
    assert service().foreground is None


@pytest.mark.slow
def test_a_breakpoint_in_a_request_holds_that_request_only(
    start: Start, service: Service, code: Path
) -> None:
    text = code.read_text()
    code.write_text(text.replace("    serve(create_app,", f"{STOP_IN_REQUEST}    serve(create_stopping_app,"))
    run = start()
    url = f"http://127.0.0.1:{service().port}/devices"
    with ThreadPoolExecutor() as pool:
        request = pool.submit(requests.get, url, timeout=DEADLINE)
        run.wait_for("(Pdb) ")
        assert service().foreground == run.process.pid
        run.type("p request.path\n")
        run.wait_for("'/devices'")
        run.wait_for("(Pdb) ")
        run.type("continue\n")
        assert request.result().status_code == 200
        request = pool.submit(requests.get, url, timeout=DEADLINE)
        run.wait_for("(Pdb) ")
        code.write_text(text)
        run.type(CTRL_C)
        run.wait_for("runs again.")
        assert request.exception() is not None
    assert run.end() == 0
    assert service().foreground is None


@pytest.mark.slow
def test_a_saved_file_restarts_the_service_also_after_a_crash(
    start: Start, service: Service, code: Path
) -> None:
    run = start("--reload")
    first = service()
    text = code.read_text()
    code.write_text(text + "# edited\n")
    run.wait_for("A file was saved.")
    second = service()
    assert (second.foreground, second.outdated) == (run.process.pid, False)
    assert second.pid != first.pid
    code.write_text("raise SystemExit(3)\n")
    run.wait_for("has ended (exit 3, ended by itself). It starts again when a file is saved.")
    assert service("exited").foreground == run.process.pid
    code.write_text(text)
    assert service().foreground == run.process.pid
    code.write_text("raise SystemExit(3)\n")
    run.wait_for("It starts again when a file is saved.")
    run.type(CTRL_C)
    assert run.end() == 3
    code.write_text(text)


@pytest.mark.slow
def test_the_exit_code_is_that_of_the_service(start: Start, service: Service) -> None:
    run = start()
    os.kill(service().pid, signal.SIGKILL)
    run.wait_for("has ended (exit 137, killed by SIGKILL).")
    assert run.end() == 137
    assert service().foreground is None


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_service_and_starts_its_own_instance(
    start: Start, service: Service, number: signal.Signals
) -> None:
    run = start()
    service()
    run.process.send_signal(number)
    assert run.end() == 0
    assert service().foreground is None


@pytest.mark.slow
def test_a_closed_terminal_ends_the_service(start: Start, service: Service) -> None:
    run = start()
    service()
    os.close(run.master)
    try:
        run.end()
    finally:
        run.master = os.open(os.devnull, os.O_RDONLY)
    assert service().foreground is None


@pytest.mark.slow
def test_a_shell_can_suspend_it_and_continue_it(shell: Session, service: Service) -> None:
    found = service()
    shell.type(CTRL_Z)
    shell.wait_for("Stopped")
    assert service("unhealthy").foreground == found.foreground
    shell.type("fg\n")
    assert service().pid == found.pid
    shell.type(CTRL_C)
    shell.wait_for("runs again.")
    assert service().foreground is None
