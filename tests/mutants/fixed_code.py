"""The app with all fixes: the shipped code and every fix's patch."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.shell import run
from tests.conftest import PROJECT
from tests.measuring import copy_shipped


def copy_fixed(target: Path) -> Path:
    """Copy the shipped code to `target`, a new folder, and apply all patches to it. Return `target`."""
    copy_shipped(target)
    for patch in sorted(PROJECT.glob("fixes/*/code.patch")):
        finished = run(
            ["git", "apply", "--whitespace=nowarn", patch],
            cwd=target,
            env={"GIT_CEILING_DIRECTORIES": str(target.parent)},
        )
        assert finished.code == 0, finished.stderr.decode()
    return target


@cache
def fixed_files() -> dict[str, str]:
    """Return the text of each Python file of the fixed app, by its path in a workspace, in order."""
    with TemporaryDirectory() as folder:
        root = copy_fixed(Path(folder, "fixed"))
        paths = sorted(root.glob("app/**/*.py"))
        return {path.relative_to(root).as_posix(): path.read_text() for path in paths}
