"""A result has the card as it was, and says of which bundle it is."""

from contextlib import suppress

import pytest

from lab import __version__
from lab.batch.result import NoResult, card_of, to_result
from lab.scorecard.card import Card, SubmissionCard, machine

CARD = Card(SubmissionCard("ada", "d"), __version__, "l", 1.0, 2.5, machine("bwrap"), problem="It is empty.")


def test_the_card_comes_back_and_the_same_card_makes_the_same_bytes() -> None:
    result = to_result("key", CARD)
    assert card_of(result, "key") == CARD
    assert to_result("key", CARD) == result


@pytest.mark.parametrize("result", [b"", b"no", to_result("other", CARD), to_result("key", CARD)[:-30]])
def test_what_is_no_result_of_the_bundle_is_refused(result: bytes) -> None:
    with pytest.raises(NoResult):
        card_of(result, "key")


def test_a_result_with_a_bit_that_is_wrong_is_refused_or_has_its_card() -> None:
    whole = to_result("key", CARD)
    for place in range(len(whole)):
        for bit in (0, 3, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            with suppress(NoResult):
                assert card_of(bytes(damaged), "key") == CARD
