"""Every submission gets a card: what was handed in is measured, and what cannot be says why."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from lab import __version__
from lab.batch.bundle import MANIFEST, Manifest, read_manifest, write_bundle
from lab.batch.result import card_of
from lab.batch.task import PREFIX
from lab.cli import grade_views
from lab.cli.main import cli
from lab.errors import EnvironmentFault, UsageError
from lab.files import write_atomic
from lab.grading.submission import Submission, unpack
from lab.handouts import FOLDER_VARIABLE, MARK, Given, Handout, Mark, keep
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.batch import INDEX, LOG, TABLE, write_overview
from lab.operations.card import rendering, write_formats
from lab.operations.card_folders import card_folders
from lab.operations.catalog import catalog_of
from lab.operations.grade import Graded, Packed, grade, pack_all, read_handout
from lab.operations.grade_bundle import grade_bundle
from lab.operations.grade_one import (
    MOST_CHARACTERS,
    OTHER_CODE,
    WORK,
    Asked,
    grade_one,
    handed_out,
    kept_card,
    latest_commands,
)
from lab.operations.handout import make_handout
from lab.operations.mark import Change, save
from lab.operations.pack import ToPack, pack
from lab.operations.pages import PAGE, write_page
from lab.operations.stored_card import EARLIER, put_marks_back, read_card, write_card
from lab.probing.evidence import Verdict
from lab.sandbox import Level
from lab.sandbox.trial import VARIABLE
from lab.scorecard.card import BugCard, Card, HandoutCard, SubmissionCard, machine
from lab.scorecard.card_file import CARD
from lab.scorecard.marks import LOCK as MARKS_LOCK
from lab.scorecard.marks import MARKS, origin_of
from lab.shell import run
from lab.timeline import Command
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.dask import cluster, wait_until
from tests.lab.cli.test_inspect_views import lines
from tests.lab.operations import cards
from tests.lab.operations.submitted import BUILT_IN, naming
from tests.measuring import copy_library, copy_shipped

LIBRARY = Library(PROJECT)


@pytest.mark.slow
def test_a_submission_that_takes_too_long_gets_a_card_that_blames_the_machine(
    submissions: Path, tmp_path: Path
) -> None:
    found = grade([submissions / "ada"], tmp_path / "out", LIBRARY, timeout=4)
    (card,) = found.not_graded
    assert card.problem == "It was not graded within 4 s."
    assert not (tmp_path / "out" / "ada" / WORK).exists()
    assert naming(tmp_path) == []


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_batch_that_is_interrupted_leaves_nothing_running(
    number: int, submissions: Path, tmp_path: Path
) -> None:
    sources, out = [submissions / "empty", submissions / "ada"], tmp_path / "out"
    command = [sys.executable, "-P", "-m", "lab", "grade", *sources, "-o", out]
    with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: read_card(out / "empty") is not None)
        wait_until(lambda: len(process.children(recursive=True)) > 2)  # the other is measured
        process.send_signal(number)
        assert process.wait(60) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    wait_until(lambda: naming(tmp_path) == [])
    assert read_card(out / "ada") is None
    again = grade(sources[:1], out, LIBRARY)
    assert again.cards == (read_card(out / "empty"),)
    assert list(out.glob(f"{PREFIX}*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["interrupted", "scheduler lost"])
def test_a_batch_on_a_cluster_that_ends_early_leaves_nothing_running(
    lost: bool, submissions: Path, tmp_path: Path
) -> None:
    with cluster(tmp_path / "cluster", 1) as found:
        command = [sys.executable, "-P", "-m", "lab", "grade", submissions / "ada", "-o", tmp_path / "out"]
        command += ["--executor", found.executor]
        with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: len(found.workers[0].children(recursive=True)) > 2)
            if lost:
                found.scheduler.kill()
            else:
                process.send_signal(signal.SIGINT)
            said = process.stderr.read()
            assert process.wait(60) == (4 if lost else 130)
        assert ("connection to the workers was lost" in said) == lost
        assert "Traceback" not in said
        worker = found.workers[0]
        wait_until(lambda: not worker.is_running() or not _children(worker))
    assert naming(tmp_path) == []


@pytest.mark.slow
def test_a_migration_that_locks_the_database_is_the_submissions_fault(tmp_path: Path) -> None:
    root = copy_shipped(tmp_path / "mallory")
    (root / "migrations" / "versions" / "0003_locks.py").write_text(
        "from alembic import op\nrevision, down_revision = '0003', '0002'\n"
        "def upgrade():\n    op.execute(\"ALTER ROLE lab PASSWORD 'x'\")\n"
        "def downgrade():\n    pass\n"
    )
    found = grade([root], tmp_path / "out", LIBRARY)
    assert found.not_graded == ()
    (card,) = found.cards
    assert {bug.verdict for bug in card.bugs} <= {Verdict.PRESENT, Verdict.BLOCKED}
    assert card.review is not None
    (failed,) = [one for one in card.review.findings if one.id == "does-not-run"]
    assert "lock the application out of its database: password authentication failed" in failed.seen


@pytest.mark.slow
def test_bundles_that_are_graded_elsewhere_give_the_same_cards(submissions: Path, tmp_path: Path) -> None:
    out, bundles = tmp_path / "out", tmp_path / "bundles"
    sources = [submissions / "ada", submissions / "empty"]
    packed = pack_all(sources, out, bundles, LIBRARY)
    assert packed.bundles == (bundles / "ada.bundle.zip",)
    assert [card.problem for card in packed.cards] == ["It is empty."]
    result = bundles / "ada.result.zip"
    command = [sys.executable, "-P", "-m", "lab", "grade", "--one", packed.bundles[0], "-o", result]
    nowhere = {FOLDER_VARIABLE: str(tmp_path / "nowhere")}  # a worker has no record but the bundle's
    finished = run(command, env=nowhere, timeout=600)
    assert (finished.code, result.exists()) == (0, True), finished.stderr.decode()
    card = card_of(result.read_bytes(), read_manifest(packed.bundles[0]))
    assert card.review is not None
    assert [one.revision for one in card.review.migrations] == ["0099"]

    graded_again = run(command, timeout=600)
    assert graded_again.code == 0
    assert card_of(result.read_bytes(), read_manifest(packed.bundles[0])) == card
    found = grade(sources, out, LIBRARY, results=bundles)
    assert found.cards[0] == card
    assert {bug.number: bug.verdict for bug in card.bugs}[1] is Verdict.FIXED


def test_a_bundle_of_another_version_gets_a_result_that_says_so(tmp_path: Path) -> None:
    manifest = Manifest("0.0.1", "l", "", "c", "ada", "d", (), (), None)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr(MANIFEST, to_json(manifest))
    words = ["grade", "--one", str(tmp_path / "other.zip"), "-o", str(tmp_path / "r")]
    assert cli.main(words, standalone_mode=False) == 4
    card = card_of((tmp_path / "r").read_bytes(), manifest)
    assert card.environment
    assert card.problem == f"The bundle was made by lab 0.0.1, and this is lab {__version__}."
    assert card.submission.name == "ada"


def test_a_result_that_is_there_is_made_anew_if_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = unpack(
        copy_shipped(tmp_path / "ada"), tmp_path / "work", ("app", "migrations", "compose", "seed")
    )
    manifest = write_bundle(tmp_path / "bundle.zip", submission, LIBRARY, None)
    about = SubmissionCard("ada", manifest.digest, manifest.skipped)
    asked: list[Card] = []

    def measured(*_: object) -> Card:
        card = Card(about, __version__, manifest.library, 1.0, float(len(asked)), machine("bwrap"))
        asked.append(replace(card, rubric=manifest.rubric))
        return asked[-1]

    monkeypatch.setattr("lab.operations.grade_bundle._graded", measured)
    one = partial(grade_bundle, tmp_path / "bundle.zip", tmp_path / "result.zip", timeout=60.0)
    assert one() == one() == asked[0]
    assert one(again=True) == asked[1]
    assert one() == asked[1]


def test_a_card_is_kept_only_for_the_same_files_handout_and_help(tmp_path: Path) -> None:
    record = Handout("0" * 12, "Ada", (3,), (), 90, "allowed", "0002", "t", 1.0, "v", "l")
    library = LIBRARY.digest()
    bug = BugCard(3, "t", "s", Verdict.FIXED, "It is.", None, ())
    handed = HandoutCard(record.id, (3,), 90, "allowed", "Ada")
    machine_card = machine("bwrap")
    card = Card(
        SubmissionCard("a", "d"), __version__, library, 1.0, 1.0, machine_card, handout=handed, bugs=(bug,)
    )
    write_atomic(tmp_path / CARD, to_json(card).encode())

    def kept(digest: str, record: Handout | None) -> Card | None:
        return kept_card(tmp_path, Submission("a", tmp_path, digest, ()), Asked(LIBRARY, record))

    assert kept("d", record) == card
    assert kept("other", record) is None
    assert kept("d", None) is None
    assert kept("d", replace(record, given=(Given("hint", 3, 5.0, 1),))) is None
    assert kept("d", replace(record, given=(Given("fix", 3, 5.0),))) is None


def test_a_card_that_is_there_is_made_anew_if_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "records"))
    made = make_handout(tmp_path / "ada", LIBRARY, bugs=["5"])
    root, record = made.root, made.handout
    submission = unpack(root, tmp_path / "work", ("app", "migrations", "compose", "seed"))
    bug = BugCard(5, "t", "s", Verdict.UNMEASURED, "The machine was busy.", None, ())
    handed = HandoutCard(record.id, record.bugs, record.minutes, record.ai, record.name)
    card = Card(
        SubmissionCard("ada", submission.digest),
        __version__,
        LIBRARY.digest(),
        1.0,
        1.0,
        machine("bwrap"),
        handout=handed,
        bugs=(bug,),
    )
    (tmp_path / "card").mkdir()
    write_atomic(tmp_path / "card" / CARD, to_json(card).encode())
    bundle = tmp_path / "bundle.zip"
    wanted = ToPack(root, tmp_path / "card", PROJECT, bundle)
    pack(wanted)
    assert not bundle.exists()
    pack(replace(wanted, again=True))
    assert bundle.exists()


def test_the_card_says_when_the_handout_has_other_code_than_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "records"))
    record = make_handout(tmp_path / "ada", LIBRARY, bugs=["5"]).handout
    catalog = catalog_of(Workspace(PROJECT))
    below, notes = handed_out(LIBRARY, record, catalog)
    assert (below.head, BUILT_IN in below.files, notes) == (record.head, True, ())
    other = Library(copy_library(tmp_path / "other").resolve())
    assert handed_out(other, record, catalog) == (below, ())
    with (other.root / "app" / "common" / "serve.py").open("a") as file:
        file.write("# later\n")
    assert handed_out(other, record, catalog) == (below, (OTHER_CODE,))
    assert (
        handed_out(other, replace(record, code=""), catalog)[1] == handed_out(other, None, catalog)[1] == ()
    )
    routes = other.root / "app" / "workflow_service" / "routes.py"
    routes.write_text("# all anew\n")  # so that what was built in does not fit any more
    later, told = handed_out(other, record, catalog)
    assert (later.head, told) == (record.head, (OTHER_CODE,))


def test_each_card_is_written_in_the_formats_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"no")
    how = rendering(["junit", "summary"], None, LIBRARY)
    grade([tmp_path / "broken.zip"], tmp_path / "out", LIBRARY, formats=how)
    written = {path.name for path in (tmp_path / "out" / "broken").iterdir()}
    assert written == {CARD, PAGE, MARKS_LOCK, "junit.xml", "summary.md"}
    assert "no zip file" in (tmp_path / "out" / "broken" / "summary.md").read_text()


def test_a_submission_that_cannot_be_packed_has_its_page_and_its_line_in_the_overview(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = cards.write_card(out / "ada")
    write_page(cards.GRADED, folder, None)
    write_overview(out)
    (tmp_path / "ada.zip").write_bytes(b"no")
    packed = pack_all([tmp_path / "ada.zip"], out, tmp_path / "bundles", LIBRARY)
    assert (packed.bundles, len(packed.cards)) == ((), 1)
    for file in (folder / PAGE, out / TABLE, out / INDEX):
        assert "no zip file" in file.read_text(encoding="utf-8")
    assert f'href="ada/{PAGE}"' in (out / INDEX).read_text(encoding="utf-8")


def test_a_card_that_says_this_machine_failed_goes_with_its_page_once_the_work_is_packed(
    tmp_path: Path,
) -> None:
    failed = replace(cards.GRADED, problem="The disk is full.", environment=True)
    folder = cards.write_card(tmp_path / "out" / "ada", failed)
    write_page(failed, folder, None)
    packed = pack_all([copy_shipped(tmp_path / "ada")], tmp_path / "out", tmp_path / "bundles", LIBRARY)
    assert packed.bundles == (tmp_path / "bundles" / "ada.bundle.zip",)
    assert not (folder / CARD).exists()
    assert not (folder / PAGE).exists()


def test_submissions_that_are_missing_or_have_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no"):
        grade([tmp_path / "missing"], tmp_path / "out", LIBRARY)
    for name in ("a", "b"):
        (tmp_path / name / "ada").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"2 submissions have the same name as another: .*a/ada, .*b/ada"):
        grade([tmp_path / "a" / "ada", tmp_path / "b" / "ada"], tmp_path / "out", LIBRARY)


def test_a_file_that_is_no_record_of_a_handout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"id": 7}))
    with pytest.raises(UsageError, match="is no record of a handout"):
        read_handout(str(tmp_path / "x.json"), LIBRARY)
    with pytest.raises(UsageError, match="is neither a handout's id nor a folder with a handout"):
        read_handout(str(tmp_path / "missing.json"), LIBRARY)


def test_the_handout_is_named_by_its_record_its_folder_or_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    record = Handout("0" * 12, "Ada", (3,), (), 90, "allowed", "0002", "t", 1.0, "v", "l")
    file = keep(LIBRARY, record)
    write_atomic(tmp_path / "ada" / MARK, to_json(Mark(record.id, "Ada")).encode())
    for text in (str(file), record.id, str(tmp_path / "ada")):
        assert read_handout(text, LIBRARY) == record


def test_the_work_of_a_handout_without_its_record_is_not_packed_as_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "records"))
    root = copy_shipped(tmp_path / "ada")
    write_atomic(root / MARK, to_json(Mark("0" * 12, "Ada")).encode())
    wanted = ToPack(root, tmp_path / "card", PROJECT, tmp_path / "bundle.zip")
    with pytest.raises(UsageError) as refused:
        pack(wanted)
    assert str(refused.value) == (
        f"It is the work of a handout, and its record is not in {tmp_path / 'records'}. "
        "Name the record, --handout FILE, or the folder of the records of many, LAB_HANDOUTS=DIR."
    )
    record = Handout("1" * 12, "Bob", (3,), (), 90, "allowed", "0002", "t", 1.0, "v", "l")
    with pytest.raises(UsageError, match=rf"the handout {'0' * 12}, and --handout names {'1' * 12}\."):
        pack(replace(wanted, handout=record))
    assert not wanted.bundle.exists()


def test_a_folder_in_place_of_the_result_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    work = unpack(copy_shipped(tmp_path / "ada"), tmp_path / "unpacked", ("app",))
    write_bundle(tmp_path / "bob.zip", work, LIBRARY, None)
    said: list[object] = []
    with pytest.raises(UsageError, match="is a folder"):
        grade_bundle(tmp_path / "bob.zip", tmp_path, timeout=60.0, progress=said.append)
    assert said == []


def test_a_bundle_is_not_packed_as_a_submission(tmp_path: Path) -> None:
    work = unpack(copy_shipped(tmp_path / "ada"), tmp_path / "unpacked", ("app",))
    write_bundle(tmp_path / "bob.zip", work, LIBRARY, None)
    with pytest.raises(UsageError, match="Grade it with --one"):
        pack(ToPack(tmp_path / "bob.zip", tmp_path / "card", PROJECT, tmp_path / "bundle.zip"))
    assert not (tmp_path / "bundle.zip").exists()


@pytest.mark.parametrize(
    ("name", "out"),
    [("ada", "ada"), ("ada", "."), ("ada", "ada/cards"), ("..zip", "out"), ("index.html.zip", "out")],
)
def test_a_card_is_never_written_into_a_submission_or_over_a_file_of_lab(
    tmp_path: Path, name: str, out: str
) -> None:
    source = tmp_path / name
    if source.suffix == ".zip":
        source.write_bytes(b"no")
    else:
        (source / WORK).mkdir(parents=True)
        (source / WORK / "mine").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        UsageError, match=r"would be written into it|cannot be called|is the folder of the submission"
    ):
        grade([source], tmp_path / out, LIBRARY)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_machine_without_walls_grades_only_if_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, Level.NONE)
    (tmp_path / "broken.zip").write_bytes(b"no")
    with pytest.raises(EnvironmentFault, match="no walls"):
        grade([tmp_path / "broken.zip"], tmp_path / "out", LIBRARY)
    (card,) = grade([tmp_path / "broken.zip"], tmp_path / "out", LIBRARY, unwalled=True).cards
    assert "no zip file" in card.problem
    with pytest.raises(EnvironmentFault, match="--no-sandbox"):
        grade_one(Submission("a", tmp_path, "d", ()), Asked(LIBRARY))


def test_what_was_made_of_an_earlier_card_is_deleted_with_it(tmp_path: Path) -> None:
    folder = cards.write_card(tmp_path / "ada")
    card = read_card(folder)
    assert card is not None
    write_page(card, folder, None, "")
    write_formats(card, folder, rendering(["junit"], None, LIBRARY))
    write_card(folder, replace(card, problem="It is empty."))
    assert {path.name for path in folder.iterdir()} == {CARD, MARKS_LOCK}


def test_a_card_with_marks_is_set_aside_with_them_when_it_is_judged_otherwise(tmp_path: Path) -> None:
    folder = cards.write_card(tmp_path / "ada")
    save(folder, LIBRARY, "Grace", [Change("code", "good")])
    before, marks = (folder / CARD).read_bytes(), (folder / MARKS).read_bytes()
    card = from_json(before, Card)
    write_card(folder, replace(card, seconds=99.0))
    assert (folder / MARKS).read_bytes() == marks
    write_card(folder, replace(card, problem="It is empty."))
    (earlier,) = folder.glob(f"{EARLIER}*")
    assert {path.name for path in folder.iterdir()} == {CARD, MARKS_LOCK, earlier.name}
    assert (earlier / MARKS).read_bytes() == marks
    assert from_json((earlier / CARD).read_bytes(), Card).seconds == 99.0

    save(folder, LIBRARY, "Grace", [Change("code", "poor")])
    other = (folder / MARKS).read_bytes()
    write_card(folder, card)
    assert (folder / MARKS).read_bytes() == marks
    write_card(folder, replace(card, problem="It is empty."))
    assert (folder / MARKS).read_bytes() == other
    (folder / CARD).write_text("{}")
    write_card(folder, card)
    kept = {path.read_bytes() for path in folder.rglob(MARKS)}
    assert kept == {marks, other}


def test_names_that_some_systems_take_for_one_are_refused(tmp_path: Path) -> None:
    for name in ("Ada.zip", "ada.zip"):
        (tmp_path / name).write_bytes(b"no")
    with pytest.raises(UsageError, match=r"Ada\.zip, .*ada\.zip"):
        grade([tmp_path / "Ada.zip", tmp_path / "ada.zip"], tmp_path / "out", LIBRARY)


def test_a_folder_or_file_that_lab_did_not_make_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "ada.zip").write_bytes(b"no")
    for mine in ("out/ada/papers/thesis.txt", "out/ada/notes.txt"):
        write_atomic(tmp_path / mine, b"mine")
        with pytest.raises(UsageError, match="is no folder of a card"):
            grade([tmp_path / "ada.zip"], tmp_path / "out", LIBRARY)
        assert (tmp_path / mine).read_bytes() == b"mine"
        shutil.rmtree(tmp_path / "out")
    with pytest.raises(UsageError, match="is a file"):
        grade([tmp_path / "ada.zip"], tmp_path / "ada.zip", LIBRARY)
    write_atomic(tmp_path / "out" / "ada" / WORK / "left", b"by a grading that was killed")
    assert card_folders([tmp_path / "ada.zip"], tmp_path / "out") == (tmp_path / "out" / "ada",)


def test_a_run_that_fails_here_keeps_the_card_and_the_marks_of_an_earlier_one(tmp_path: Path) -> None:
    folder = cards.write_card(tmp_path / "out" / "ada")
    save(folder, LIBRARY, "Grace", [Change("code", "good")])
    before = cards.contents(folder)
    (tmp_path / "ada.zip").write_bytes(b"no")
    (card,) = grade([tmp_path / "ada.zip"], tmp_path / "out", LIBRARY, timeout=0.01).not_graded
    assert "The card of an earlier run stays." in card.problem
    after = cards.contents(folder)
    assert after.items() >= before.items()
    assert after.keys() - before.keys() == {LOG}


def test_marks_are_given_back_after_a_kill_before_that(tmp_path: Path) -> None:
    folder = cards.write_card(tmp_path / "ada")
    save(folder, LIBRARY, "Grace", [Change("code", "good")])
    card, marks = read_card(folder), (folder / MARKS).read_bytes()
    assert card is not None
    (folder / f"{EARLIER}{origin_of(card)[:12]}").mkdir()  # a kill while they were set aside
    write_card(folder, replace(card, problem="It is empty."))
    write_atomic(folder / CARD, to_json(card).encode())  # a kill after that, and before the marks
    assert not (folder / MARKS).exists()
    put_marks_back(folder, card)
    assert (folder / MARKS).read_bytes() == marks
    assert not list(folder.glob(f"{EARLIER}*"))


def test_what_packs_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """Its library's profile is a pipe that nothing is written to: it would wait for ever."""
    os.mkfifo(tmp_path / "lab.toml")
    ends: list[int] = []

    def is_read() -> bool:
        with suppress(OSError):  # nothing has opened it yet
            ends.append(os.open(tmp_path / "lab.toml", os.O_WRONLY | os.O_NONBLOCK))
        return bool(ends)

    wanted = ToPack(tmp_path / "ada.zip", tmp_path / "out", tmp_path, tmp_path / "bundle.zip")
    command = [sys.executable, "-P", "-m", *wanted.words]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        wait_until(is_read)
        process.stdin.close()
        assert process.wait(30) == 130
    os.close(ends[0])


def test_a_record_of_commands_of_any_size_leaves_a_card_of_ordinary_size() -> None:
    words = ("\U000e0001" * 500,) * 100
    commands = [Command(words, 0, float(number)) for number in range(500)]
    kept = latest_commands(commands)
    assert 0 < len(to_json(kept)) < 2 * MOST_CHARACTERS
    assert kept[-1].at == 499.0


def test_names_in_the_output_change_no_terminal_and_begin_no_command_of_a_workflow(tmp_path: Path) -> None:
    named = ["zoe\x1b[1A\x1b[2Kada", "::error title=x::y", "a ##[add-mask]b", "a[red]b"]
    problem = f"No\x1b[2K. {'x' * 300} ::error title=x::y ##[error]z"
    found = tuple(
        replace(cards.GRADED, submission=SubmissionCard(name, ""), problem=problem) for name in named
    )
    graded = lines(grade_views.graded(Graded(found, (), tmp_path, 1.0)))
    packed = lines(grade_views.packed(Packed((tmp_path / "::error::x.zip",), found)))
    shown = [*graded, *packed, grade_views.alone(found[1], tmp_path)]
    assert not [line for line in shown if "\x1b" in line or "::" in line or "##[" in line]
    assert any("a[red]b" in line for line in shown)
