"""Review a stranger's migrations in a box, where their code reaches nothing but the server of the review.

The review is made by a program in the box, `lab.operations.reviewer`, of which only the result leaves it.
"""

from dataclasses import dataclass
from pathlib import Path

from lab import sandbox
from lab.catalog import Fix
from lab.files import write_atomic
from lab.json_files import to_json
from lab.operations.boxed_program import INSIDE, give_to_box, program_in_box
from lab.operations.review import Review, review_folder
from lab.operations.shipped_history import ShippedHistory
from lab.progress import Progress, Update, silent
from lab.runtime.prepared import Prepared
from lab.runtime.walls import require_reachable
from lab.shadow.code import copy_files
from lab.shadow.server import copy_server
from lab.workspace import Workspace

REVIEWER = "lab.operations.reviewer"
TASK = "task.json"
FAILURE = "The review in the box failed"


@dataclass(frozen=True, slots=True)
class Task:
    """What is reviewed, as for `review_on`. The code and a copy of the prepared server are in the run."""

    library: Path
    prepared: Prepared
    applied: tuple[Fix, ...]
    rows: int
    below: ShippedHistory


def review_in_box(
    workspace: Workspace,
    prepared: Prepared,
    applied: tuple[Fix, ...],
    rows: int,
    below: ShippedHistory,
    progress: Progress = silent,
) -> Review:
    """Review all revisions above the head in `below`, as `review_on` does.

    Raises EnvironmentFault: it failed.
    """
    means = sandbox.found()
    progress(Update("Copying the database server"))
    with review_folder(workspace) as reserved:
        require_reachable(reserved.folder, means)
        copy_files(workspace, reserved.code)
        copy_server(prepared, reserved)
        reserved.logs.mkdir()
        for folder in (reserved.server, reserved.logs):
            give_to_box(folder, means)
        task, errors = reserved.folder / TASK, reserved.folder / "reviewer.log"
        asked = Task(workspace.library.root, prepared, applied, rows, below)
        write_atomic(task, to_json(asked).encode())
        readable = {reserved.code: INSIDE / "code", task: INSIDE / TASK}
        writable = {reserved.server: INSIDE / "server", reserved.logs: INSIDE / "logs"}
        library = workspace.library.root
        with program_in_box(
            REVIEWER, library, readable, writable, errors, means, FAILURE, progress
        ) as reviewer:
            return reviewer.listen(Review)
