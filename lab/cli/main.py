"""The command line: all commands, and the one place where errors become a message and an exit code."""

import errno
import io
import os
import signal
import sys

import click

from lab import __version__
from lab.cli import (
    card,
    check,
    fix,
    forget,
    give,
    grade,
    handout,
    inspect,
    lifecycle,
    mark,
    migration,
    new,
    regrade,
    run,
)
from lab.cli.closed_output import OutputClosed, discard_output
from lab.cli.command import CommandGroup
from lab.cli.output import message
from lab.operations import INTERRUPTED, EnvironmentFault, LabError, is_handout, note_command

OUTPUT_CLOSED = 128 + signal.SIGPIPE
KEPT_VARIABLES = ("GIT_CEILING_DIRECTORIES",)
MACHINE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM}
"""Errors of the machine, such as a full disk, and not of lab. Writing to standard output raises them too."""

SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True}
EPILOG = (
    "Exit codes: 0 success; 1 a check found a problem, or the operation "
    "failed; 2 wrong usage; 3 refused: something would be lost, the change does not fit, or another lab is "
    "at work; 4 a problem of the environment, such as no database; "
    "130 interrupted; 141 the program that reads the output has ended."
)


@click.group(cls=CommandGroup, context_settings=SETTINGS, epilog=EPILOG)
@click.version_option(__version__, prog_name="lab")
@click.option(
    "-C", "directory", metavar="DIR", help="Use the workspace that DIR is in.  [default: the current folder]"
)
@click.option(
    "--library",
    metavar="DIR",
    hidden=is_handout(),
    help="Use the fixes and probes in DIR.  [default: LAB_LIBRARY, else those of this installation]",
)
def cli(directory: str | None, library: str | None) -> None:
    """Practise debugging on a real PostgreSQL database.

    Start the lab, see what fails, and repair the code and the schema.

    Example: lab up
    """


for command in (
    *(new.new, lifecycle.up, lifecycle.down, lifecycle.restart, run.run, lifecycle.reset),
    *(inspect.status, inspect.logs, inspect.psql, inspect.url, inspect.doctor, migration.migration),
    *(fix.fix, check.check, check.demo, give.hint, handout.handout, grade.grade),
    *(card.card, regrade.regrade),
):
    cli.add_command(command)
fix.fix.add_command(give.export)
for command in (mark.mark, forget.keep, forget.forget):
    card.card.add_command(command)
handout.hide_from_candidates(cli)


def main() -> int:
    """Run the command line, print an expected error, and return one of the exit codes of `lab --help`."""
    _prepare_process()
    code = _run()
    note_command(sys.argv[1:], code)
    return code


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LabError as error:
        message(f"lab: {error}")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        interrupt = error.__cause__ or error  # click raises Abort from the KeyboardInterrupt
        message(" ".join(["Interrupted.", *getattr(interrupt, "__notes__", ())]))
        return INTERRUPTED
    except (OutputClosed, BrokenPipeError):
        discard_output(sys.stdout.fileno())  # Python flushes again at exit, and would report an error
        return OUTPUT_CLOSED
    except OSError as error:
        if error.errno not in MACHINE_ERRORS and error.filename is None:
            raise
        discard_output(sys.stdout.fileno())
        remedy = "Check the free disk space and the permissions."
        if error.errno not in MACHINE_ERRORS:
            remedy = "If that file is in .lab, it is damaged: move it out of the way, then run lab up."
        message(f"lab: Reading or writing failed: {error}. {remedy}")
        return EnvironmentFault.exit_code
    return code if isinstance(code, int) else 0


def _prepare_process() -> None:
    """Replace what the caller may have set: closed streams, PG* and GIT_* variables, default signals."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know only ASCII
    # The variables of libpq and git would change which database and which repository is used.
    # https://www.postgresql.org/docs/current/libpq-envars.html
    for name in {name for name in os.environ if name.startswith(("PG", "GIT_"))}.difference(KEPT_VARIABLES):
        del os.environ[name]
    # Clean up after SIGTERM and SIGHUP as after ^C.
    for number, handler in ((signal.SIGTERM, signal.default_int_handler), (signal.SIGHUP, _on_hangup)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handler)


def _on_hangup(*_: object) -> None:
    """The terminal is closed: discard messages, because a failed write would end the clean-up."""
    discard_output(1, 2)
    raise KeyboardInterrupt
