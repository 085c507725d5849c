"""A saved file is measured for what it can change, and for nothing else."""

from pathlib import Path

import pytest

from lab.operations.watch import touches
from lab.probes.suite import PROBES


@pytest.mark.parametrize(
    ("path", "bugs"),
    [
        ("app/device_service/queries.py", (2, 3, 5, 6, 7)),
        ("app/workflow_service/models.py", (1, 2, 4)),
        ("compose/docker-compose.yml", (1, 6)),
        ("app/common/database.py", tuple(PROBES)),
        ("migrations/versions/0003_mine.py", tuple(PROBES)),
    ],
)
def test_a_file_touches_what_rests_on_it(path: str, bugs: tuple[int, ...]) -> None:
    assert touches(Path(path)) == bugs
