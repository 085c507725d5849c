"""What is no card is told in a sentence, whatever stands in its place."""

import os
from pathlib import Path

import pytest

from lab.errors import InvalidFile, UsageError
from lab.scorecard.card_file import CARD, read_card_file


def test_what_never_ends_in_place_of_a_card_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / CARD)
    with pytest.raises(InvalidFile, match="it is no plain file"):
        read_card_file(tmp_path)
    (tmp_path / CARD).unlink()
    (tmp_path / CARD).symlink_to("/dev/zero")
    with pytest.raises(InvalidFile, match="it is no plain file"):
        read_card_file(tmp_path)


def test_the_folder_of_many_cards_is_told_as_such(tmp_path: Path) -> None:
    for name in ("ada", "grace"):
        (tmp_path / name).mkdir()
        (tmp_path / name / CARD).touch()
    with pytest.raises(UsageError, match="the folder of 2 cards: name the folder of one"):
        read_card_file(tmp_path)
