"""Fill a new database: run the library's seed commands, and report their progress."""

import re
import subprocess
from contextlib import closing, suppress
from os import environ
from pathlib import Path

from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.errors import EnvironmentFault, InvalidFile
from lab.operations.ownership import Dataset
from lab.profile import TopUp, profile_of
from lab.progress import Progress, Update
from lab.shell import IMPORTS_FROM_FOLDER, argv_of, run
from lab.workspace import Workspace

TOP_UP_TIMEOUT = 300.0
"""Seconds for the rows of a measurement. `fill` has no such bound: the user sees its progress."""

PROGRESS = re.compile(r"([\d,]+) of ([\d,]+)")
"""How a line of the command's standard error says how many rows of how many are there."""


def fill(workspace: Workspace, code: Path, url: str, dataset: Dataset, progress: Progress) -> None:
    """Run the library's seed command in the folder `code` on the migrated, empty database at `url`.

    Raises:
        EnvironmentFault: it cannot be run, or it failed. The message quotes the last line of its output.
    """
    seed = profile_of(workspace).seed
    text = f"Making {dataset.rows:,} {seed.noun}"
    progress(Update(text, 0, dataset.rows))
    words = [word.format(rows=dataset.rows, seed=dataset.seed) for word in seed.command]
    try:
        process = subprocess.Popen(
            argv_of(words),
            cwd=code,
            env={**environ, "LAB_DATABASE_URL": DatabaseUrl.parse(url).libpq, **IMPORTS_FROM_FOLDER},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise EnvironmentFault(f"The seed command {words[0]} cannot be run: {error}.") from error
    last = ""
    with process:  # closes the pipe
        try:
            for line in process.stderr or ():
                last = line.strip() or last
                if found := PROGRESS.match(last):
                    done, total = (int(number.replace(",", "")) for number in found.groups())
                    progress(Update(text, done, total))
            status = process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    if status != 0:
        raise EnvironmentFault(f"The database could not be seeded: {last or f'exit code {status}'}")


def top_up(workspace: Workspace, code: Path, url: str, wanted: TopUp) -> None:
    """Add the rows that symptoms need, by the library's command in the folder `code`.

    Raises:
        EnvironmentFault: it failed. The message quotes the last line of its output.
        InvalidFile: the database lacks the table whose rows lab.toml asks for.
    """
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (wanted.table,))
        if cursor.fetchone() != (True,):
            problem = f"measurement.table: {wanted.table!r} is not in the database"
            raise InvalidFile(workspace.library.profile, [problem])
    words = [word.format(rows=wanted.rows) for word in wanted.command]
    environment = {"LAB_DATABASE_URL": DatabaseUrl.parse(url).libpq, **IMPORTS_FROM_FOLDER}
    finished = run(argv_of(words), cwd=code, env=environment, timeout=TOP_UP_TIMEOUT)
    if finished.code != 0:
        raise EnvironmentFault(f"The rows for the measurement could not be made: {finished.last_line}")
