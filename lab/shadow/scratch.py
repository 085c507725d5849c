"""A scratch workspace of shipped code with a database of its own, to change at will."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import shipped
from lab.errors import Refused
from lab.files import write_atomic
from lab.runtime.account import Account
from lab.shadow import data, leftovers
from lab.shadow.shadow import unused_name
from lab.workspace import PROJECT, Workspace


@dataclass(frozen=True, slots=True)
class Scratch:
    """The workspace, and the owner's URL of its database, which stands at the shipped head."""

    workspace: Workspace
    url: str

    def files(self) -> Mapping[str, bytes]:
        """Every file of the code by its path, to be compared byte for byte."""
        root = self.workspace.root
        found = (path for name in shipped.FOLDERS for path in sorted((root / name).rglob("*")))
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in found
            if path.is_file() and "__pycache__" not in path.parts
        }


@contextmanager
def scratch(origin: Workspace, account: Account, template: str, folder: Path) -> Iterator[Scratch]:
    """A scratch workspace of what `origin` was shipped as; gone at the end of the block.

    Raises:
        Refused: the shipped code was not kept there.
    """
    claim = leftovers.claim(folder, unused_name())
    try:
        workspace = _write(origin, claim.code)
        comment = json.dumps({"lab_shadow": asdict(claim.owner), "workspace": str(origin.root)})
        url = data.copy_template(account, template, claim.database, comment)
        write_atomic(workspace.database_url_file, url.encode(), mode=0o600)
        yield Scratch(workspace, url)
    finally:
        leftovers.take_down(claim, account)


def _write(origin: Workspace, target: Path) -> Workspace:
    for file in shipped.files(origin):
        content = shipped.content(origin, file.blob)
        if content is None:
            raise Refused(f"The kept copy of {file.path} is damaged.", "Start from a fresh copy of the lab.")
        write_atomic(target / file.path, content, mode=0o755 if file.executable else 0o644)
    library = origin.fixes if origin.fixes.is_dir() else PROJECT / "fixes"
    shutil.copytree(library, target / "fixes", ignore=shutil.ignore_patterns("__pycache__"))
    workspace = Workspace(target)
    if origin.shipped.is_dir():
        shutil.copytree(origin.shipped, workspace.shipped)
    return workspace
