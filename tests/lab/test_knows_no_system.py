"""lab/ holds no word of the system under repair: no table, no route, no service."""

import re
from collections.abc import Iterator

import yaml
from sqlalchemy import MetaData

from app.device_service import models as device_models
from app.workflow_service import models as workflow_models
from lab.library import Library
from lab.profile import read_profile
from tests.conftest import PROJECT

CONTRACT = {"/health"}
"""What lab asks of every service."""


def words() -> Iterator[str]:
    """Every name of the content: services, their packages, tables, and the beginnings of routes."""
    for service in read_profile(Library(PROJECT).profile).service_names:
        yield from (service, service.replace("-", "_"))
    for models in (device_models, workflow_models):
        metadata: MetaData = models.Base.metadata
        yield from metadata.tables
    for file in sorted((PROJECT / "app").glob("*/openapi.yaml")):
        for path in yaml.safe_load(file.read_text())["paths"].keys() - CONTRACT:
            first, *rest = path.strip("/").split("/")
            yield f"/{first}"
            yield from (part for part in (first, *rest) if "-" in part)


def test_the_content_has_names_to_look_for() -> None:
    assert {"device-service", "execution_logs", "workflow_steps", "execution-logs", "/devices"} <= set(
        words()
    )


def test_no_name_of_the_content_is_in_lab() -> None:
    names = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(set(words()))))})(?![\w-])")
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {match[0]}"
        for path in sorted((PROJECT / "lab").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and "_content" not in path.parts
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if (match := names.search(line))
    ]
    assert found == []
