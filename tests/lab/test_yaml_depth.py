"""YAML that is nested too deep is refused in an ordinary error, wherever a stranger's file is read."""

import pytest
import yaml

from lab.compose.document import load
from lab.engine.compose_settings import settings
from lab.probing.parameters import query_parameters
from lab.yaml_depth import MOST_DEEP, require_flat

DEEP = ["a: " + "[" * 100_000, "a: " + "{a: " * 100_000, "- " * 100_000 + "x"]


@pytest.mark.parametrize("text", DEEP)
def test_a_file_that_would_end_the_process_is_an_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="nested too deep"):
        load(text)
    with pytest.raises(ValueError, match="nested too deep"):
        settings(text.encode())
    assert query_parameters(text.encode(), "/devices") == ()


def test_the_limit_counts_what_is_open_at_once_and_not_all() -> None:
    require_flat("[" + "[1], " * 10_000 + "]", yaml.CSafeLoader)
    require_flat("[" * MOST_DEEP + "]" * MOST_DEEP, yaml.CSafeLoader)
    with pytest.raises(yaml.YAMLError, match="nested too deep"):
        require_flat("[" * (MOST_DEEP + 1) + "]" * (MOST_DEEP + 1), yaml.CSafeLoader)
