"""A fix of one setting: in another form it is there already, and with another value it is in the way."""

from pathlib import Path, PurePosixPath

import pytest

from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.state import State
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.library import Library
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import fix

FIX = fix(1)
PATH = PurePosixPath("compose/docker-compose.yml")
SHIPPED = (PROJECT / PATH).read_bytes()
BEFORE, SERVICE, AFTER = SHIPPED.partition(b"  workflow-service:\n")
PORT = b"      - PORT=5003\n"
LINE = b"      - DEVICE_SERVICE_URL=http://device-service:5001\n"
WRONG = b"      - DEVICE_SERVICE_URL=http://localhost:5001\n"
DATABASE = b"      - DATABASE_URL="


def edited(old: bytes, new: bytes) -> bytes:
    """The shipped file with an edit in the service that lacks the setting."""
    assert old in AFTER
    return BEFORE + SERVICE + AFTER.replace(old, new, 1)


@pytest.fixture
def patcher(tmp_path: Path) -> Patcher:
    return Patcher(ShippedTexts(Workspace(tmp_path, Library(PROJECT))))


SAME = (
    edited(DATABASE, LINE + DATABASE),
    edited(DATABASE, LINE.replace(b"- DEVICE", b"- 'DEVICE").replace(b"5001\n", b"5001'\n") + DATABASE),
    edited(PORT, PORT + LINE),
)


@pytest.mark.parametrize("text", SAME)
def test_the_same_setting_in_another_place_or_form_is_left_as_it_is(patcher: Patcher, text: bytes) -> None:
    assert patcher.state_of(FIX, lambda _: text).state is State.PRESENT
    (change,) = patcher.change(FIX, Verb.APPLY, lambda _: text)
    assert change.before == change.after


def test_a_setting_that_would_be_there_twice_is_a_conflict_and_can_be_replaced(patcher: Patcher) -> None:
    text = edited(DATABASE, WRONG + DATABASE)
    with pytest.raises(Refused) as refusal:
        patcher.change(FIX, Verb.APPLY, lambda _: text)
    number = text.splitlines(keepends=True).index(WRONG) + 1
    assert f"was edited in the lines that the fix changes (line {number})" in refusal.value.message
    assert "http://localhost:5001" in refusal.value.message
    assert "http://device-service:5001" not in refusal.value.message
    (change,) = patcher.replacement(FIX, lambda _: text)
    assert change.after == edited(PORT, PORT + LINE)
    (back,) = patcher.change(FIX, Verb.REVERT, lambda _: change.after)
    assert back.after == SHIPPED


def test_a_setting_in_another_form_is_not_reverted_but_refused(patcher: Patcher) -> None:
    text = SAME[0]
    with pytest.raises(Refused, match="cannot be reverted"):
        patcher.change(FIX, Verb.REVERT, lambda _: text)
