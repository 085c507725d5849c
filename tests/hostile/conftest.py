"""One stage for all submissions; what one of them changed is made anew for the next."""

from collections.abc import Iterator

import pytest

from tests.hostile.levels import UNWALLED
from tests.hostile.stage import Stage, staged

ALL = [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory, port_offset: int) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("hostile"), port_offset + 340) as stage:
        stage.verdicts = stage.verdicts_of(ALL, UNWALLED)
        yield stage


@pytest.fixture
def stage(set_up: Stage) -> Iterator[Stage]:
    yield set_up
    set_up.restore()
