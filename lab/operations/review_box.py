"""Review a stranger's migrations in a box, where their code reaches nothing but the server of the review.

The review is made by a program in the box, `lab.operations.reviewer`, of which only the result leaves it.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab import sandbox
from lab.catalog import Fix
from lab.errors import EnvironmentFault
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.operations.boxed_program import INSIDE, give, program_in_box
from lab.operations.review import Review, review_folder
from lab.progress import Progress, Update, silent
from lab.runtime.log_files import tail
from lab.runtime.prepared import Prepared
from lab.runtime.walls import require_reachable
from lab.shadow.code import copy_files
from lab.shadow.server import copy_server
from lab.workspace import Workspace

REVIEWER = "lab.operations.reviewer"
TASK = "task.json"


@dataclass(frozen=True, slots=True)
class Task:
    """What is reviewed, as for `review_on`. The code and a copy of the prepared server are in the run."""

    library: Path
    prepared: Prepared
    applied: tuple[Fix, ...]
    rows: int
    head: str


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the reviewer's output: its progress, why it failed, or the review."""

    text: str = ""
    done: int = 0
    total: int = 0
    problem: str = ""
    review: Review | None = None


def review_in_box(
    workspace: Workspace,
    prepared: Prepared,
    applied: tuple[Fix, ...],
    rows: int,
    head: str,
    progress: Progress = silent,
) -> Review:
    """Review all revisions above `head`, as `review_on` does. Raises EnvironmentFault: it failed."""
    means = sandbox.found()
    progress(Update("Copying the database server"))
    with review_folder(workspace) as reserved:
        require_reachable(reserved.folder, means)
        copy_files(workspace, reserved.code)
        copy_server(prepared, reserved)
        reserved.logs.mkdir()
        for folder in (reserved.server, reserved.logs):
            give(folder, means)
        task, errors = reserved.folder / TASK, reserved.folder / "reviewer.log"
        asked = Task(workspace.library.root, prepared, applied, rows, head)
        write_atomic(task, to_json(asked).encode())
        readable = {reserved.code: INSIDE / "code", task: INSIDE / TASK}
        writable = {reserved.server: INSIDE / "server", reserved.logs: INSIDE / "logs"}
        with program_in_box(REVIEWER, workspace.library.root, readable, writable, errors, means) as child:
            assert child.stdout is not None
            said = Message()
            for line in child.stdout:
                with suppress(ValueError):
                    said = from_json(line, Message)
                if said.review is not None:
                    return said.review
                if said.problem:
                    break
                progress(Update(said.text, said.done, said.total))
        reason = said.problem or (tail(errors, 1) or ["it said nothing"])[-1]
        raise EnvironmentFault(f"The review in the box failed: {reason}")
