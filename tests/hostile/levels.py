"""How a submission is measured: by which command, and behind which walls.

To plug in another way to measure, change `measure`: it gets a workspace with the submission in it and answers
the `Checked` of `lab check`, or None if there was no report, and all that the command printed.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lab.json_files import from_json
from lab.operations.measure import Checked
from lab.sandbox.trial import VARIABLE

TIMEOUT = 240.0


@dataclass(frozen=True)
class Level:
    """Words for `lab check`, and variables that it gets."""

    name: str
    words: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


LEVELS = (Level("check"), Level("box", ("--box",)))
UNWALLED = Level("unwalled", environment={VARIABLE: "none"})
"""A measurement without walls, which shows that the submissions can gain."""


def measure(
    workspace: Path,
    bugs: Sequence[int],
    level: Level,
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
) -> tuple[Checked | None, bytes]:
    """Run the command in the workspace, but not with `python -m`, which would import from it."""
    command = Path(sys.executable).parent / "lab"
    words = [str(command), "check", *map(str, bugs), "--json", "--bugs-only", *level.words]
    finished = subprocess.run(
        words,
        cwd=workspace,
        env={**environment, **level.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        pass_fds=descriptors,
    )
    checked = None
    with suppress(ValueError):
        checked = from_json(finished.stdout, Checked)
    return checked, finished.stdout + finished.stderr
