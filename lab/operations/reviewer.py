"""The program that reviews in a box: `python -m lab.operations.reviewer RUN`, with the task in RUN/task.json.

It prints one line of JSON for each step, and then the review: see `lab.operations.boxed_program.Message`.
"""

import sys
from pathlib import Path

from lab.errors import LabError
from lab.json_files import from_json
from lab.library import Library
from lab.operations.boxed_program import Message, tell, tell_progress
from lab.operations.review import reviewed
from lab.operations.review_box import TASK, Task
from lab.progress import Update
from lab.shadow import leftovers
from lab.workspace import Workspace


def main() -> None:
    run = Path(sys.argv[1])
    try:
        task = from_json((run / TASK).read_bytes(), Task)
        reserved = leftovers.reserve(run)
        workspace = Workspace(reserved.code, Library(task.library))
        tell_progress(Update("Starting PostgreSQL"))
        try:
            found = reviewed(
                workspace, task.prepared, reserved, task.applied, task.rows, (), task.below, tell_progress
            )
        finally:
            leftovers.end_server(reserved)
        tell(Message(result=found))
    except LabError as error:
        tell(Message(problem=str(error)))


if __name__ == "__main__":
    main()
