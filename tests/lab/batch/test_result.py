"""A result has the card as it was, and says of which bundle it is."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from lab import __version__
from lab.batch.bundle import Manifest
from lab.batch.result import NoResult, card_of, to_result
from lab.probing.evidence import Verdict
from lab.scorecard.card import BugCard, Card, HandoutCard, SubmissionCard, machine

BUG = BugCard(3, "t", "s", Verdict.FIXED, "It is.", None, ())
MANIFEST = Manifest(__version__, "l", "", "c", "ada", "d", (), (), None)
CARD = Card(SubmissionCard("ada", "d"), __version__, "l", 1.0, 2.5, machine("bwrap"), problem="It is empty.")


def test_the_card_comes_back_and_the_same_card_makes_the_same_bytes() -> None:
    result = to_result(MANIFEST.key, CARD)
    assert card_of(result, MANIFEST) == CARD
    assert to_result(MANIFEST.key, CARD) == result


@pytest.mark.parametrize(
    "result", [b"", b"no", to_result("other", CARD), to_result(MANIFEST.key, CARD)[:-30]]
)
def test_what_is_no_result_of_the_bundle_is_refused(result: bytes) -> None:
    with pytest.raises(NoResult):
        card_of(result, MANIFEST)


def test_a_result_with_a_bit_that_is_wrong_is_refused_or_has_its_card() -> None:
    whole = to_result(MANIFEST.key, CARD)
    for place in range(len(whole)):
        for bit in (0, 3, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            with suppress(NoResult):
                assert card_of(bytes(damaged), MANIFEST) == CARD


@pytest.mark.parametrize(
    "changes",
    [
        {"submission": SubmissionCard("eve", "d")},
        {"submission": SubmissionCard("ada", "e")},
        {"library": "other"},
        {"rubric": "other"},
        {"lab": "9.9"},
        {"handout": HandoutCard("0" * 12, (3,), 90, "allowed"), "bugs": (BUG,)},
    ],
)
def test_a_card_of_another_submission_library_or_handout_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NoResult, match="another submission, library or handout"):
        card_of(to_result(MANIFEST.key, replace(CARD, **changes)), MANIFEST)
