"""A browser, and the pages as files.

Not part of the plain test run (see norecursedirs in pyproject.toml): make test-pages
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from tests.pages.browser import PROGRAMS, Browser, browser, need
from tests.pages.pages import LARGE_BATCH, PAGES


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    try:
        need(PROGRAMS)
        with browser() as found:
            yield found
    except LabError as error:
        pytest.exit(str(error), returncode=4)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each page in a file."""
    folder = tmp_path_factory.mktemp("pages")
    found = {name: folder / f"{name}.html" for name in PAGES}
    for name, make in PAGES.items():
        found[name].write_text(make(), encoding="utf-8")
    return found


@pytest.fixture(params=[name for name in PAGES if name != LARGE_BATCH])
def page(request: pytest.FixtureRequest, files: dict[str, Path]) -> Path:
    """Each page but the large batch, which has more rows of the kinds that the batch has."""
    return files[request.param]
