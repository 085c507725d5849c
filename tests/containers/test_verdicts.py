"""Both runtimes agree: whichever fix is applied, every verdict of `lab check` is the same on either."""

from collections.abc import Iterator

import pytest

from lab.operations import fixes
from lab.operations.measure import check
from tests.conftest import PROJECT
from tests.containers.engine import Engine
from tests.containers.labs import Lab, lab_in

TABLE = {
    "none": "present present present present present present present",
    "1": "fixed   present present present present present present",
    "2": "present fixed   present present present present present",
    "3": "present present fixed   present present present present",
    "4": "present present present fixed   present present present",
    "5": "present present present present fixed   present present",
    "6": "present present present present present fixed   present",
    "7": "present present present present present present fixed",
    "all": "fixed   fixed   fixed   fixed   fixed   fixed   fixed",
}
"""The verdicts on bugs 1 to 7, by the fix that is applied."""

KINDS = ("embedded", "docker")


@pytest.fixture(scope="module", params=KINDS)
def lab(
    request: pytest.FixtureRequest,
    docker: Engine,
    tmp_path_factory: pytest.TempPathFactory,
    port_offset: int,
) -> Iterator[Lab]:
    with lab_in(tmp_path_factory.mktemp("lab") / "workspace", port_offset, docker) as made:
        assert made.up(kind=request.param).status.runtime == request.param
        yield made


@pytest.mark.parametrize("applied", TABLE)
def test_every_verdict_is_the_same_on_both_runtimes(lab: Lab, applied: str) -> None:
    if applied != "none":
        fixes.apply(lab.workspace, [applied])
    try:
        found = check(lab.workspace, bugs_only=True)
    finally:
        if applied != "none":
            fixes.revert(lab.workspace, [applied])

    seen = {one.bug: f"{one.verdict} ({one.why})" for one in found.evidence}
    assert [str(one.verdict) for one in found.evidence] == TABLE[applied].split(), seen


def test_the_table_has_a_row_for_every_fix() -> None:
    numbers = {str(int(folder.name[:2])) for folder in (PROJECT / "fixes").glob("[0-9]*")}

    assert numbers == {name for name in TABLE if name.isdigit()}
