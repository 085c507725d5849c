"""The card of one submission says what the batch knows, and the measurement cannot."""

from pathlib import Path
from threading import Event

import pytest

from lab import __version__
from lab.batch.bundle import read_manifest
from lab.batch.result import to_result
from lab.handouts import FOLDER_VARIABLE, MARK
from lab.library import Library
from lab.operations.graded_submission import NO_HANDOUT, Batch
from lab.operations.handout import make_handout
from lab.operations.stored_card import read_card
from lab.probing.evidence import Verdict
from lab.scorecard.card import BugCard, Card, HandoutCard, SubmissionCard, machine
from tests.conftest import PROJECT
from tests.measuring import copy_shipped

LIBRARY = Library(PROJECT)
BUG = BugCard(5, "t", "s", Verdict.FIXED, "It is.", None, ())


def measured(bundle: bytes, folder: Path) -> bytes:
    """The result of a worker that has found bug 5 fixed."""
    (folder / "sent.zip").write_bytes(bundle)
    manifest = read_manifest(folder / "sent.zip")
    record = manifest.handout
    card = Card(
        SubmissionCard(manifest.name, manifest.digest, manifest.skipped),
        __version__,
        manifest.library,
        1.0,
        1.0,
        machine("bwrap"),
        handout=HandoutCard(record.id, record.bugs, record.minutes, record.ai, record.name)
        if record
        else None,
        bugs=(BUG,),
        rubric=manifest.rubric,
    )
    return to_result(manifest.key, card)


def card_of(source: Path, folder: Path) -> Card:
    batch = Batch(LIBRARY, None, None, 120.0, Event(), unwalled=False, again=False)
    (folder / "sent").mkdir(parents=True)
    card = batch.card(source, folder / "card", lambda bundle: measured(bundle, folder / "sent"))
    assert read_card(folder / "card") == card
    return card


def test_work_that_names_no_handout_is_told_apart_only_where_handouts_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "records"))
    plain = copy_shipped(tmp_path / "plain")
    assert card_of(plain, tmp_path / "before").notes == ()
    handed_out = make_handout(tmp_path / "ada", LIBRARY, bugs=["5"]).root
    assert card_of(handed_out, tmp_path / "of a handout").notes == ()
    (handed_out / MARK).unlink()
    unmarked = card_of(handed_out, tmp_path / "unmarked")
    assert (unmarked.handout, unmarked.notes) == (None, (NO_HANDOUT,))
