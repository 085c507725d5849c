"""The front door: every command, one place where errors become a sentence and an exit code."""

import os
import signal
import sys
from typing import Any

import click

from lab import __version__
from lab.cli import check
from lab.cli.fix import fix
from lab.cli.lab import commands
from lab.cli.output import note
from lab.errors import LabError

INTERRUPTED = 130
BROKEN_PIPE = 128 + signal.SIGPIPE
EPILOG = "Exit codes: 0 as asked, 1 what was asked about failed, 2 wrong usage, 3 refused, 4 environment."


class ReaderGone(Exception):
    """Whoever read our output has gone; click would make it exit code 1, which means something else."""


class Door(click.Group):
    """The group of all commands: lets a closed pipe through to where exit codes are decided."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are needed, not by the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
        return result


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="lab")
@click.option("-C", "directory", metavar="DIR", help="Work in the workspace at or above DIR.")
def cli(directory: str | None) -> None:
    """Hands-on debugging on a real database.

    Example: lab up, then lab status
    """


for command in (*commands, fix, *check.commands):
    cli.add_command(command)
fix.add_command(check.verify)


def main() -> None:
    """Run the command line and exit with the documented code; ^C is 130."""
    _shut_out()
    sys.exit(_run())


def _shut_out() -> None:
    """Keep libpq's own variables out: they would change whom and how every part of the lab connects.

    https://www.postgresql.org/docs/current/libpq-envars.html

    An end from outside, as by a closed terminal, is cleaned up after as ^C is.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LabError as error:
        note(f"lab: {error}")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        note("Interrupted.")
        return INTERRUPTED
    except ReaderGone:
        # Keep Python from complaining at exit about what it cannot write any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code if isinstance(code, int) else 0
