"""Identify the code that a service runs, to tell whether a process was started from other code."""

import os
import re
from hashlib import sha256

from lab import shipped
from lab.profile import profile_of
from lab.workspace import Workspace

NO_CODE = re.compile(r"\..*|.*~|.*\.(log|swp|tmp)")
"""The names of files of editors and logs, which no service runs."""


def code_hash(workspace: Workspace, service: str) -> str:
    """Return the SHA-256 of the paths and contents of the files that the service may run, as they are now.

    A file that vanishes or cannot be read counts as absent. Raises InvalidFile: lab.toml cannot be used.
    """
    profile = profile_of(workspace)
    found = sha256()
    for path in shipped.current_files(workspace):
        if profile.runs(service, path) and not NO_CODE.fullmatch(path.name):
            file = workspace.root / path
            try:
                content = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
            except OSError:
                continue
            found.update(f"{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
