"""What is beside an answer's bug: right answers break nothing, and what others break is found.

An answer in a folder `<bug>/breaks_<what>` cures its bug and breaks something else. Its `breaks.toml` says
what: `route`, such as `GET /devices/{id}`, or `data`, such as `bookings.released_at`; and which bugs must be
fixed `also`, so that the route is compared.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.operations.measure import Checked
from lab.probing.evidence import Verdict
from lab.runtime.prepared import Prepared
from tests.answers.test_answers import ANSWERS, FOLDER, hand_in
from tests.measuring import Bench, copy_shipped, fix

RIGHT = [path for path in ANSWERS if path.name.startswith("right_")]
BREAKS = sorted(path.parent for path in FOLDER.glob("*/breaks_*/answer.patch"))
SLOW = 10
"""Of so many answers, `make test-slow` judges one."""


def _name(answer: Path) -> str:
    return f"{answer.parent.name}/{answer.name}"


def _cases(answers: list[Path]) -> list[object]:
    found = []
    for place, path in enumerate(answers):
        later = pytest.mark.prove if place % SLOW else pytest.mark.slow
        found.append(pytest.param(path, id=_name(path), marks=[later]))
    return found


@pytest.mark.claim("A right answer is fixed, and nothing else is broken", "answers")
@pytest.mark.parametrize("answer", _cases(RIGHT))
def test_a_right_answer_breaks_nothing(answer: Path, full_server: Prepared, tmp_path: Path) -> None:
    checked = check(answer, full_server, tmp_path)
    assert [str(one) for one in checked.regressions] == []
    assert checked.not_compared == ""
    assert [one.verdict for one in checked.evidence] == [Verdict.FIXED]


@pytest.mark.claim("What an answer breaks beside its bug is found", "answers")
@pytest.mark.parametrize("answer", _cases(BREAKS))
def test_what_an_answer_breaks_is_found(answer: Path, full_server: Prepared, tmp_path: Path) -> None:
    broken = tomllib.loads((answer / "breaks.toml").read_text())
    checked = check(answer, full_server, tmp_path, broken.get("also", ()))
    place = broken.get("route") or broken["data"].partition(".")[0]
    found = {_unnamed(one.route.partition(".")[0]) for one in checked.regressions}
    assert _unnamed(place) in found or any(one.verdict.fails_check for one in checked.evidence), found


def check(answer: Path, full_server: Prepared, tmp_path: Path, also: Sequence[int] = ()) -> Checked:
    """Check an answer in a workspace where the fixes `also` are applied."""
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)
    fixes = hand_in(answer, bench)
    for number in also:
        bench.patch(fix(number).folder / "code.patch")
    return bench.check(int(answer.parent.name), *also, fixes=(*fixes, *map(fix, also)))


def _unnamed(route: str) -> str:
    return re.sub(r"\{\w+\}", "{}", route)


def test_every_answer_says_what_it_breaks() -> None:
    for answer in BREAKS:
        broken = tomllib.loads((answer / "breaks.toml").read_text())
        assert broken["what"], answer.name
        assert ("route" in broken) != ("data" in broken), answer.name
