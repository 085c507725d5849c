"""A browser, and the pages as files.

Not part of the plain test run (see norecursedirs in pyproject.toml): make test-pages
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from tests.pages.browser import PROGRAMS, Browser, browser, need
from tests.pages.pages import pages


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
    found = {name: folder / f"{name}.html" for name in pages()}
    for name, source in pages().items():
        found[name].write_text(source, encoding="utf-8")
    return found


@pytest.fixture(params=list(pages()))
def page(request: pytest.FixtureRequest, files: dict[str, Path]) -> Path:
    return files[request.param]
