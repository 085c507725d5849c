from collections import Counter
from itertools import chain

import pytest

from tests.measuring import fix
from tests.mutants.fixed_code import fixed_files
from tests.mutants.sample import SIZE, counted, draw, probe_for, sample, set_aside

CLASSES = {
    "equivalent",
    "settings",
    "log",
    "fault_of_database",
    "fault_of_peer",
    "unreachable_rows",
    "left_open",
}


def aside() -> list[tuple[str, str]]:
    """Each id in set_aside.toml with its reason."""
    tables = [*set_aside().invisible.values(), *set_aside().by_probe.values()]
    return list(chain.from_iterable(table.items() for table in tables))


@pytest.mark.slow
def test_the_sample_is_what_the_seed_draws_from_the_current_app() -> None:
    """After a change of the app: `python -m tests.mutants`, then read the new mutants."""
    assert len(sample()) == SIZE
    assert sample() == draw()


def test_the_text_to_change_is_at_its_place() -> None:
    for mutant in sample():
        lines = fixed_files()[mutant.file].splitlines(keepends=True)
        rest = "".join(lines[mutant.line - 1 :])[mutant.column - 1 :]
        assert rest.startswith(mutant.before), mutant.id


def test_what_is_set_aside_is_in_the_sample_once_and_has_a_reason_of_one_sentence() -> None:
    ids = [name for name, _ in aside()]
    assert max(Counter(ids).values()) == 1
    assert set(ids) <= {mutant.id for mutant in sample()}
    for name, reason in aside():
        assert reason.endswith("."), name
        assert reason[:-1].count(". ") == 0, name
        assert len(reason) > 20, name


def test_few_are_invisible_and_enough_are_counted() -> None:
    invisible = len(sample()) - len(counted())
    assert set(set_aside().invisible) <= CLASSES
    assert invisible == sum(map(len, set_aside().invisible.values()))
    assert invisible <= 0.15 * len(sample())
    assert len(counted()) >= 300


def test_what_a_probe_has_to_find_names_a_bug_of_the_library() -> None:
    bugs = {fix(number).slug for number in range(1, 8)}
    assert set(set_aside().by_probe) <= bugs
    found = [bug for mutant in counted() if (bug := probe_for(mutant)) is not None]
    assert len(found) == sum(map(len, set_aside().by_probe.values()))
