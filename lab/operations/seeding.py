"""Fill the lab's new database: run the library's seed command, and report its progress."""

import re
import subprocess
from contextlib import suppress
from os import environ

from lab.database_url import DatabaseUrl
from lab.errors import EnvironmentFault
from lab.operations.ownership import Dataset
from lab.profile import profile_of
from lab.progress import Progress, Update
from lab.shell import IMPORTS_FROM_FOLDER, argv_of
from lab.workspace import Workspace

PROGRESS = re.compile(r"([\d,]+) of ([\d,]+)")
"""How a line of the command's standard error says how many rows of how many are there."""


def fill(workspace: Workspace, url: str, dataset: Dataset, progress: Progress) -> None:
    """Run the seed command of the library on the migrated, empty database at `url`.

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
            cwd=workspace.library.root,
            env={**environ, "LAB_DATABASE_URL": DatabaseUrl.parse(url).libpq, **IMPORTS_FROM_FOLDER},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
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
            code = process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    if code != 0:
        raise EnvironmentFault(f"The database could not be seeded: {last or f'exit code {code}'}")
