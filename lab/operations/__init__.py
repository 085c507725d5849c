"""One function per command, with typed results: all that the command line knows of the lab."""

from lab.errors import INTERRUPTED, EnvironmentFault, LabError
from lab.json_files import to_json
from lab.progress import Progress, Update
from lab.workspace import Workspace, find_workspace

__all__ = [
    "INTERRUPTED",
    "EnvironmentFault",
    "LabError",
    "Progress",
    "Update",
    "Workspace",
    "find_workspace",
    "to_json",
]
