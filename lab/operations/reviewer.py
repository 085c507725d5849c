"""The program that reviews in a box: `python -m lab.operations.reviewer RUN`, with the task in RUN/task.json.

It prints one line of JSON for each step, and then the review: see `lab.operations.review_box.Message`.
"""

import sys
from pathlib import Path

from lab.errors import LabError
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.review import reviewed
from lab.operations.review_box import TASK, Message, Task
from lab.progress import Update
from lab.shadow import leftovers
from lab.workspace import Workspace


def main() -> None:
    run = Path(sys.argv[1])
    try:
        task = from_json((run / TASK).read_bytes(), Task)
        reserved = leftovers.reserve(run)
        workspace = Workspace(reserved.code, Library(task.library))
        _say(Update("Starting PostgreSQL"))
        try:
            found = reviewed(workspace, task.prepared, reserved, task.applied, task.rows, (), task.head, _say)
        finally:
            leftovers.end_server(reserved)
        _print(Message(review=found))
    except LabError as error:
        _print(Message(problem=str(error)))


def _say(update: Update) -> None:
    _print(Message(update.text, update.done, update.total))


def _print(said: Message) -> None:
    sys.stdout.write(f"{to_json(said, indent=0)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
