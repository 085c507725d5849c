"""The front door: every command, one place where errors become a sentence and an exit code."""

import errno
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
from lab.operations import INTERRUPTED, EnvironmentFault, LabError

KEPT = ("GIT_CEILING_DIRECTORIES",)
FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)
"""What is wrong with the machine, and not with us: a full disk, under standard output or elsewhere."""

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
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error


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


def main() -> int:
    """Run the command line and answer the documented exit code; ^C is 130."""
    _settle()
    return _run()


def _settle() -> None:
    """Make every command start from the same ground, whatever shell or service it was called from."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: what is said goes nowhere
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for as long as we live
    # libpq's own variables, and git's, would change whom we connect to and which repository is meant.
    # https://www.postgresql.org/docs/current/libpq-envars.html
    for name in [name for name in os.environ if name.startswith(("PG", "GIT_")) and name not in KEPT]:
        del os.environ[name]
    # An end from outside is cleaned up after as ^C is.
    for number, handler in ((signal.SIGTERM, signal.default_int_handler), (signal.SIGHUP, _hung_up)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handler)


def _hung_up(*_: object) -> None:
    """The terminal is closed: what is said from here on reaches nobody, and must not fail the cleaning up."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    raise KeyboardInterrupt


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LabError as error:
        note(f"lab: {error}")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        pressed = error.__cause__ or error  # click makes an Abort of ^C
        note(" ".join(["Interrupted.", *getattr(pressed, "__notes__", ())]))
        return INTERRUPTED
    except (ReaderGone, BrokenPipeError):
        _give_up_writing()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno not in FAULTS:
            raise
        _give_up_writing()
        note(f"lab: The machine refused: {error}.")
        return EnvironmentFault.exit_code
    return code if isinstance(code, int) else 0


def _give_up_writing() -> None:
    """Keep Python from trying again at exit, and complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
