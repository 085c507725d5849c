"""The reference of the contract: the code as shipped, with the fixes of the bugs that are solved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from lab.catalog import Fix
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.files import write_atomic
from lab.operations.target import Target
from lab.progress import Progress, Update
from lab.shadow import leftovers
from lab.shadow.scratch import write_shipped
from lab.shadow.shadow import Source, read_material
from lab.shadow.system import Given, System, system
from lab.workspace import Workspace


@contextmanager
def reference(
    target: Target,
    fixes: Sequence[Fix],
    folder: Path,
    rows: str,
    given: Given,
    progress: Progress,
) -> Iterator[System]:
    """Run the reference, one instance of each service, with these fixes in `folder` until the block ends.

    Raises:
        Refused: a patch does not apply, or a kept file is damaged.
        EnvironmentFault: no shipped code was kept, or the system cannot be started or ended.
    """
    progress(Update("Starting the reference"))
    reserved = leftovers.reserve(folder)
    try:
        made = write_shipped(target.workspace, reserved.workspace)
        _patch(made, fixes)
        source = Source(made, target.prepared, None, lambda: tuple(fixes))
        material = read_material(source, reserved, progress)
        with system(
            material, target.prepared, folder, rows, given, replicas=False, progress=progress
        ) as started:
            yield started
    finally:
        leftovers.remove(reserved)


def _patch(made: Workspace, fixes: Sequence[Fix]) -> None:
    """Change the code as the fixes do. Those that it was shipped with are there already."""

    def read(path: PurePosixPath) -> bytes | None:
        file = made.root / path
        return file.read_bytes() if file.is_file() else None

    patcher = Patcher(ShippedTexts(made))
    for fix in fixes:
        for change in patcher.change(fix, Verb.APPLY, read):
            if change.after is not None:
                write_atomic(made.root / change.path, change.after)
