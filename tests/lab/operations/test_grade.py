"""Every submission gets a card: what was handed in is measured, and what cannot be says why."""

import csv
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lab import __version__
from lab.cli import grade_views
from lab.errors import UsageError
from lab.files import write_atomic
from lab.grading.submission import Submission
from lab.handouts import Given, Handout
from lab.json_files import to_json
from lab.library import Library
from lab.operations.grade import TABLE, grade, read_handout
from lab.operations.grade_one import CARD, WORK, Asked, _kept
from lab.operations.handout import make_handout
from lab.probing.evidence import Verdict
from lab.scorecard.card import BugCard, Card, HandoutCard, SubmissionCard, machine
from tests.conftest import PROJECT
from tests.lab.cli.test_inspect_views import lines
from tests.lab.operations.conftest import living_in
from tests.measuring import fix

LIBRARY = Library(PROJECT)


@pytest.fixture
def submissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a handout that was worked on, as a folder and as a zip, and with what is no work."""
    monkeypatch.setenv("LAB_HANDOUTS", str(tmp_path / "records"))
    folder = tmp_path / "in"
    root = make_handout(folder / "ada", LIBRARY, name="Ada", bugs=["1", "4-5"]).root
    compose = root / "compose" / "docker-compose.yml"
    added = (fix(1).folder / "code.patch").read_text().partition("\n+      - DEVICE")[2].partition("\n")[0]
    text = compose.read_text()
    port = "      - PORT=5003\n"
    compose.write_text(text.replace(port, f"{port}      - DEVICE{added}\n"))
    (root / "migrations" / "versions" / "0099_index.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '0099', '{_head(root)}'\n"
        "def upgrade():\n    op.execute('CREATE INDEX mine ON execution_logs (started_at)')\n"
        "def downgrade():\n    op.execute('DROP INDEX mine')\n"
    )
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        for path in (one for one in root.rglob("*") if one.is_file() and ".git" not in one.parts):
            archive.write(path, path.relative_to(root))
    (folder / "broken.zip").write_bytes(b"no")
    (folder / "empty").mkdir()
    return folder


def _head(root: Path) -> str:
    line = next(
        one for one in (root / "alembic.ini").read_text().splitlines() if one.startswith("shipped_head")
    )
    return line.partition("=")[2].strip()


@pytest.mark.slow
def test_each_submission_gets_a_card_and_the_same_work_the_same_judgement(
    submissions: Path, tmp_path: Path
) -> None:
    sources = [submissions / name for name in ("ada", "zipped.zip", "broken.zip", "empty")]
    found = grade(sources, tmp_path / "out", LIBRARY, jobs=2)
    ada, zipped, broken, empty = found.cards
    assert {bug.number: bug.verdict for bug in ada.bugs} == {
        1: Verdict.FIXED,
        4: Verdict.PRESENT,
        5: Verdict.FIXED,
    }
    assert ada.judgement == zipped.judgement
    assert ada.handout is not None
    assert ada.review is not None
    assert "lock-held-while-working" in {one.id for one in ada.review.findings}
    assert [one.revision for one in ada.review.migrations] == ["0099"]
    assert ada.beside is not None
    assert (ada.beside.regressions, ada.beside.problem) == ((), "")
    assert "no zip file" in broken.problem
    assert empty.problem == "It is empty."
    assert found.not_graded == ()

    assert not list((tmp_path / "out").rglob(WORK))
    assert living_in(tmp_path) == []
    with (tmp_path / "out" / TABLE).open() as table:
        rows = list(csv.DictReader(table))
    assert [row["submission"] for row in rows] == ["ada", "broken", "empty", "zipped"]
    assert rows[0]["bug 4"] == "present"
    shown = lines(grade_views.graded(found))
    assert any("It is empty." in line for line in shown)
    assert len(list((tmp_path / "out").glob("*/card.html"))) == len(sources)
    assert "broken" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")

    again = grade(sources[:1], tmp_path / "out", LIBRARY)
    assert again.cards == (ada,)


@pytest.mark.slow
def test_a_submission_that_takes_too_long_gets_a_card_that_blames_the_machine(
    submissions: Path, tmp_path: Path
) -> None:
    found = grade([submissions / "ada"], tmp_path / "out", LIBRARY, timeout=4)
    (card,) = found.not_graded
    assert card.problem == "It was not graded within 4 s."
    assert not (tmp_path / "out" / "ada" / WORK).exists()
    assert not [one for one in psutil.process_iter() if str(tmp_path) in " ".join(_words(one))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_card_is_kept_only_for_the_same_files_handout_and_help(tmp_path: Path) -> None:
    record = Handout("0" * 12, "Ada", (3,), (), 90, "allowed", "0002", "t", 1.0, "v", "l")
    library = LIBRARY.digest()
    bug = BugCard(3, "t", "s", Verdict.FIXED, "It is.", None, ())
    handed = HandoutCard(record.id, (3,), 90, "allowed")
    machine_card = machine("bwrap")
    card = Card(
        SubmissionCard("a", "d"), __version__, library, 1.0, 1.0, machine_card, handout=handed, bugs=(bug,)
    )
    write_atomic(tmp_path / CARD, to_json(card).encode())

    def kept(digest: str, record: Handout | None) -> Card | None:
        return _kept(tmp_path, Submission("a", tmp_path, digest, ()), Asked(LIBRARY), record)

    assert kept("d", record) == card
    assert kept("other", record) is None
    assert kept("d", None) is None
    assert kept("d", replace(record, given=(Given("hint", 3, 5.0, 1),))) is None
    assert kept("d", replace(record, given=(Given("fix", 3, 5.0),))) is None


def test_submissions_that_are_missing_or_have_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no"):
        grade([tmp_path / "missing"], tmp_path / "out", LIBRARY)
    for name in ("a", "b"):
        (tmp_path / name / "ada").mkdir(parents=True)
    with pytest.raises(UsageError, match="Two submissions are called ada"):
        grade([tmp_path / "a" / "ada", tmp_path / "b" / "ada"], tmp_path / "out", LIBRARY)


def test_a_file_that_is_no_record_of_a_handout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"id": 7}))
    for file in (tmp_path / "x.json", tmp_path / "missing.json"):
        with pytest.raises(UsageError, match="is no record of a handout"):
            read_handout(file)
    shutil.rmtree(tmp_path)
