from collections import Counter
from pathlib import PurePosixPath

import pytest

from tests.mutants.fixed_code import fixed_files
from tests.mutants.places import places

NO_PLACES = {"app/__init__.py", "app/common/__init__.py"}
"""Files that hold a docstring only."""


@pytest.mark.slow
def test_each_id_names_one_place() -> None:
    assert max(Counter(mutant.id for mutant in places()).values()) == 1


@pytest.mark.slow
def test_every_file_with_code_has_places() -> None:
    assert {mutant.file for mutant in places()} == set(fixed_files()) - NO_PLACES


@pytest.mark.slow
def test_the_fixes_are_in_the_code_that_is_searched() -> None:
    files = {PurePosixPath(path).name for path in fixed_files()}
    assert {"queueing.py", "wait_times.py"} <= files
    assert any(mutant.before == '"/devices/<device_id>/queue"' for mutant in places())


@pytest.mark.slow
def test_the_common_kinds_of_mistake_are_all_there() -> None:
    kinds = {mutant.operator for mutant in places()}
    assert kinds >= {"negate", "compare", "bound", "boolean", "drop_operand"}
    assert kinds >= {"number", "string", "boolean_constant", "pattern", "arithmetic", "extreme"}
    assert kinds >= {"drop_filter", "drop_order", "reverse_order", "drop_call", "drop_argument"}
    assert kinds >= {"drop_member", "null_member", "drop_element", "status", "error_kind"}
    assert kinds >= {"drop_statement", "drop_return", "drop_handler", "drop_decorator", "lost_commit"}
