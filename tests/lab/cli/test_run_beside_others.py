"""Other commands while `lab run` has a service, and the lab after a kill of `lab run`."""

import os
import signal
from pathlib import Path

import pytest

from lab.lock import exclusive_lock
from lab.progress import silent
from lab.workspace import Workspace
from tests.lab.cli.conftest import Command
from tests.lab.cli.terminal import CTRL_C, CTRL_Z, SERVICE, Service, Session, Start


@pytest.mark.slow
@pytest.mark.parametrize("heal", ["up", "restart"])
def test_after_a_kill_of_lab_run_the_status_is_true_and_up_and_restart_heal_it(
    shell: Session, service: Service, command: Command, heal: str
) -> None:
    left = service()
    assert left.foreground
    os.kill(left.foreground, signal.SIGKILL)
    shell.wait_for("Killed")
    now = service()
    assert (now.pid, now.foreground) == (left.pid, None)
    assert "lab run was killed" in (now.reason or "")
    command(heal)
    healed = service()
    assert healed.pid != left.pid
    assert healed.reason is None


@pytest.mark.slow
def test_a_kill_of_lab_run_and_of_the_service_is_reported(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    service()
    run.process.kill()  # the leader of its session, so the kernel ends the service too
    run.end()
    assert service("exited").reason == "its lab run was killed, so how it ended is unknown"
    command("up")
    assert service().foreground is None


@pytest.mark.slow
def test_a_restart_and_a_fix_restart_the_service_in_its_terminal(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    pids = [service().pid]
    for words in (["restart", SERVICE], ["fix", "apply", "3"], ["fix", "revert", "3"]):
        assert command(*words).code == 0
        found = service()
        assert (found.foreground, found.outdated) == (run.process.pid, False)
        pids.append(found.pid)
    assert len(set(pids)) == len(pids)
    command("up")
    assert service().pid == pids[-1]
    run.type(CTRL_C)
    assert run.end() == 0


@pytest.mark.slow
def test_a_breakpoint_does_not_keep_a_fix_from_being_applied(
    start: Start, service: Service, command: Command, code: Path
) -> None:
    code.write_text(code.read_text().replace("    serve(", "    breakpoint()\n    serve("))
    run = start()
    run.wait_for("(Pdb) ")
    assert command("fix", "apply", "3").code == 0
    run.wait_for("(Pdb) ")
    run.type("continue\n")
    assert not service().outdated
    run.type(CTRL_C)
    assert run.end() == 0
    code.write_text(code.read_text().replace("    breakpoint()\n", ""))
    assert command("fix", "revert", "3").code == 0


@pytest.mark.slow
def test_an_instance_that_cannot_be_started_again_is_said_with_the_remedy(
    start: Start, service: Service, command: Command, workspace: Workspace
) -> None:
    run = start()
    service()
    with exclusive_lock(workspace.lock, progress=silent):
        run.type(CTRL_C)
        run.wait_for(f"The lab's own {SERVICE} stays stopped. Another lab is at work here")
        assert run.end() == 3
    command("up")
    assert service().foreground is None


@pytest.mark.slow
def test_a_second_lab_run_of_a_service_is_refused(start: Start, command: Command) -> None:
    run = start()
    refused = command("run", SERVICE)
    assert refused.code == 3
    assert f"process {run.process.pid}" in refused.stderr.decode()


@pytest.mark.slow
def test_a_suspended_lab_run_does_not_stop_a_restart(
    shell: Session, service: Service, command: Command
) -> None:
    found = service()
    shell.type(CTRL_Z)
    shell.wait_for("Stopped")
    assert command("restart", SERVICE).code == 0
    now = service()
    assert now.foreground == found.foreground
    assert now.pid != found.pid
    assert now.foreground
    os.kill(now.foreground, signal.SIGTERM)
    shell.wait_for("runs again.")
    assert service().foreground is None


@pytest.mark.slow
def test_lab_down_ends_it_and_a_lab_that_is_down_is_4(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    service()
    assert command("down").code == 0
    run.wait_for("The lab was stopped, and so was device-service.")
    assert run.end() == 0
    refused = command("run", SERVICE)
    assert (refused.code, b"The lab is not up" in refused.stderr) == (4, True)
    assert command("up").code == 0
    assert service().foreground is None
