"""`lab handout`, and the `lab` that a handout holds: it has the candidate's commands only."""

import json
import re
import sys
from pathlib import Path

import pytest

from lab.handouts import FOLDER_VARIABLE
from lab.shell import Finished, run
from lab.timeline import read
from tests.conftest import PROJECT


def lab(*words: str, cwd: Path = PROJECT, source: Path = PROJECT, records: Path | None = None) -> Finished:
    """Run `lab` from the folder `source`, which holds its package."""
    environment = {"PYTHONPATH": str(source), FOLDER_VARIABLE: str(records or cwd)}
    return run([sys.executable, "-P", "-m", "lab", *words], cwd=cwd, env=environment)


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handouts")
    words = ["handout", str(folder / "ada"), "--name", "Ada", "--bugs", "1-3, 7", "--json"]
    done = lab(*words, records=folder / "records")
    assert done.code == 0, done.stderr.decode()
    assert json.loads(done.stdout)["handout"]["bugs"] == [1, 2, 3, 7]
    listed = lab("handout", "--list", records=folder / "records").stdout.decode()
    assert "Ada" in listed
    assert "1, 2, 3, 7" in listed
    return folder / "ada"


@pytest.mark.parametrize("words", [["fix", "list"], ["fix", "show", "3", "--help"], ["check", "3"], ["demo"]])
def test_in_a_handout_the_interviewers_commands_say_so(handout: Path, words: list[str]) -> None:
    done = lab(*words, cwd=handout, source=handout)
    assert done.code == 3
    assert done.stderr.decode() == (
        f"lab: lab {words[0]} is the interviewer's command. Yours are git, alembic and those of lab --help.\n"
    )
    assert done.stdout == b""


def test_in_a_handout_help_and_status_name_no_fix(handout: Path) -> None:
    texts = [
        lab(*words, cwd=handout, source=handout).stdout.decode()
        for words in (["--help"], ["status"], ["status", "--json"], ["reset", "--help"])
    ]
    assert "restart" in texts[0]
    assert "device-service" in texts[1]
    assert json.loads(texts[2])["fixes"] is None
    for text in (texts[0], texts[1], texts[3]):
        assert not re.search(r"fix|bug|hint|demo|probe|librar", text.replace("debugging", ""), re.I)


def test_a_handout_keeps_a_timeline_once_its_lab_was_started(handout: Path) -> None:
    assert list(read(handout)) == []
    (handout / ".lab").mkdir()
    try:
        lab("url", "--nothing", cwd=handout, source=handout)
        lab("--version", cwd=handout, source=handout)
        assert [(one.words, one.code) for one in read(handout)] == [
            (("url", "--nothing"), 2),
            (("--version",), 0),
        ]
    finally:
        for path in (handout / ".lab").iterdir():
            path.unlink()
        (handout / ".lab").rmdir()


def test_an_exercise_without_a_folder_is_wrong_usage() -> None:
    done = lab("handout")
    assert done.code == 2
    assert "Missing argument 'DIR'" in done.stderr.decode()
