"""The whole road as people walk it: a handout, the work of a candidate with some help, and the card of it."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.catalog.revision_file import plain_revision
from lab.shell import run
from tests.conftest import PROJECT
from tests.measuring import fix

HALF = "7/wrong_release_forgets_the_queue"
"""The feature, but a device that is released stays free while others wait for it."""

INDEX = """from alembic import op

revision, down_revision = "0003", "{below}"


def upgrade():
    op.create_index("logs_by_start", "execution_logs", ["started_at"])


def downgrade():
    op.drop_index("logs_by_start", "execution_logs")
"""


class Road:
    """The interviewer's and the candidate's commands. Records, handout and cards are in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder, folder / "ada"
        self._records = {"LAB_HANDOUTS": str(folder / "records")}

    def lab(self, *words: str | Path, code: int = 0) -> str:
        finished = run([sys.executable, "-m", "lab", *words], cwd=PROJECT, env=self._records, timeout=600)
        assert finished.code == code, finished.stderr.decode()
        return finished.stdout.decode()

    def git(self, *words: str | Path) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        finished = run(["git", "-C", self.work, *who, *words])
        assert finished.code == 0, finished.stderr.decode()
        return finished.stdout.decode()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def write_migration(self, name: str, text: str) -> None:
        (self.work / "migrations" / "versions" / name).write_text(text)


@pytest.fixture
def road(tmp_path: Path) -> Road:
    """The candidate has handed in a bundle: 1, 2, 4 and 5 fixed, 3 given, 6 left as it was, 7 half done."""
    road = Road(tmp_path)
    made = json.loads(road.lab("handout", road.work, "--name", "Ada", "--json"))
    handout = made["handout"]["id"]
    for number in (1, 2, 4):
        road.git("apply", fix(number).folder / "code.patch")
        road.commit(f"Fix {number}")

    road.lab("hint", "3", "--for", handout)
    road.lab("fix", "export", "3", "--handout", handout, "--output", tmp_path / "3.patch")
    road.git("apply", tmp_path / "3.patch")
    (given,) = (road.work / "migrations" / "versions").glob("*_given_3.py")
    road.commit("Apply what I was given")

    road.write_migration("0003_index.py", INDEX.format(below=given.name.partition("_")[0]))
    road.git("apply", fix(7).folder / "code.patch")
    road.git("apply", PROJECT / "tests" / "answers" / HALF / "answer.patch")
    queue = plain_revision((fix(7).folder / "migration.py").read_text(), "0004", "0003")
    road.write_migration("0004_queue.py", queue)
    road.commit("Add an index, and most of the queue")
    road.git("bundle", "create", "--quiet", tmp_path / "ada.bundle", "HEAD", "main")
    return road


@pytest.mark.slow
def test_the_work_of_a_candidate_becomes_a_card_that_two_people_mark(road: Road, tmp_path: Path) -> None:
    out = tmp_path / "cards"
    graded = json.loads(road.lab("grade", tmp_path / "ada.bundle", "--out", out, "--json"))
    (card,) = graded["cards"]
    assert card == json.loads((out / "ada" / "card.json").read_text())
    assert _verdicts(card) == {
        1: "fixed",
        2: "fixed",
        3: "fixed",
        4: "fixed",
        5: "fixed",
        6: "present",
        7: "present",
    }
    assert [(bug["number"], bug["hints"]) for bug in card["bugs"] if bug["given"]] == [(3, 1)]
    assert card["beside"]["regressions"] == []
    findings = {(one["id"], one["file"]) for one in card["review"]["findings"]}
    assert ("lock-held-while-working", "migrations/versions/0003_index.py") in findings
    assert card["commits"][0]["subject"] == "Fix 1"
    assert card["time"]["within"]
    with (out / "cards.csv").open() as table:
        (row,) = csv.DictReader(table)
    assert (row["submission"], row["bug 3"], row["bug 6"]) == ("ada", "given", "present")

    assert "Systematic approach" in (out / "ada" / "card.html").read_text()
    assert "ada/card.html" in (out / "index.html").read_text()

    ada = out / "ada"
    road.lab(
        "card", "mark", ada, "--name", "Grace", "approach", "good", "--note", "Read the log first.", "--sign"
    )
    before = road.lab("card", "mark", ada, "--name", "Linus", "approach", "mixed", "--json")
    assert "Read the log first." not in before
    signed = json.loads(road.lab("card", "mark", ada, "--name", "Linus", "--sign", "--json"))
    marks = signed["lines"][0]["marks"]
    assert [(one["rater"], one["mark"]) for one in marks] == [("Linus", "mixed"), ("Grace", "good")]
    road.lab("card", "mark", ada, "--name", "Linus", "--output", tmp_path / "marked.html")
    assert "Read the log first." in (tmp_path / "marked.html").read_text()
    history = (ada / "marks.jsonl").read_bytes()

    # Graded again, the card is kept, and so are its marks.
    again = json.loads(road.lab("grade", tmp_path / "ada.bundle", "--out", out, "--json"))
    assert again["cards"] == [card]
    road.lab("regrade", out, "--out", tmp_path / "regraded")
    regraded = json.loads((tmp_path / "regraded" / "ada" / "card.json").read_text())
    assert regraded["judgement"] == card["judgement"]
    assert (ada / "marks.jsonl").read_bytes() == history

    # Measured again from nothing, in another folder, it is judged the same.
    fresh = json.loads(road.lab("grade", tmp_path / "ada.bundle", "--out", tmp_path / "fresh", "--json"))
    assert fresh["cards"][0]["judgement"] == card["judgement"]

    road.lab("card", "forget", ada)
    left = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert not [word for word in (b"Grace", b"Linus", b"log first", b"Fix 1") if word in left]
    assert not ada.exists()


def _verdicts(card: dict[str, Any]) -> dict[int, str]:
    return {bug["number"]: bug["verdict"] for bug in card["bugs"]}
