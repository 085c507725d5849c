"""The figures of the shipped code, with its bugs: what those of a repair are compared with.

They are measured once with each library and kept beside the prepared server.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from lab import __version__, records
from lab.errors import LabError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.operations.measure import Checked
from lab.operations.target import Target
from lab.probing.evidence import Figure, Verdict
from lab.progress import Progress, Update
from lab.shadow import leftovers
from lab.shadow.scratch import write_shipped
from lab.shadow.shadow import Source

FOLDER = "shipped-figures"
Figures = Mapping[int, tuple[Figure, ...]]


def shipped_figures(target: Target, measure: Callable[..., Checked], progress: Progress) -> Figures:
    """Return the figures by the bug's number; none of a bug that another one blocks, or if measuring failed.

    `measure` measures fixes of a source, as `measure_in_box` does.
    """
    parts = (__version__, target.workspace.library.digest())
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
    file = target.prepared.home / FOLDER / f"{key}.json"
    with suppress(OSError, ValueError):
        return from_json(file.read_bytes(), dict[int, tuple[Figure, ...]])
    try:
        found = _measured(target, measure, progress)
    except LabError:  # a card has figures of the submission, and without these no comparison
        return {}
    with suppress(OSError, LabError):  # without it, the next card takes longer
        file.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomic(file, to_json(found).encode())
    return found


def _measured(target: Target, measure: Callable[..., Checked], progress: Progress) -> Figures:
    progress(Update("Measuring the shipped code, once"))
    reserved = leftovers.reserve(records.begin(target.workspace))
    try:
        made = write_shipped(target.workspace, reserved.code)
        source = Source(made, target.prepared, None, tuple)
        checked = measure(
            replace(target, workspace=made), source, target.catalog.measurable, progress=progress
        )
    finally:
        leftovers.remove(reserved)
    return {one.bug: one.figures for one in checked.evidence if one.verdict is Verdict.PRESENT}
