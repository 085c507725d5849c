"""The command that runs one service in the foreground: run."""

import click

from lab.cli import output
from lab.cli.command import Workspace, pass_workspace


@click.command()
@click.argument("service")
@click.option(
    "--reload",
    is_flag=True,
    help="Restart the service when you save a file of its code, or the compose file; also after a crash.",
)
@pass_workspace
def run(workspace: Workspace, service: str, reload: bool) -> int:
    """Run one service in this terminal, so that breakpoint() works.

    It has the port, the environment and the memory limit of the lab's own instance, which is stopped
    first and started again at the end. Its output goes to the terminal, not to lab logs. Ctrl-C goes to
    the service; input at a breakpoint is read from the terminal. Meanwhile, a command that restarts the
    service, such as lab restart, restarts it in this terminal, and lab down ends it.

    The exit code is that of the service; 128 + N when signal N has ended it, as in a shell (137: killed
    by SIGKILL). When the service was not started, it is that of lab: 4 when the lab is not up or its
    services are containers, 3 when the service is in the foreground already.

    Example: lab run SERVICE --reload
    """
    from lab.operations.run import run as operation

    return operation(workspace, service, reload=reload, tell=output.message)
