"""The answers of a reference are kept: it is started only where one is missing."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from lab.operations import kept_reference as module
from lab.operations.kept_reference import FOLDER, KeptReference, kept_reference
from lab.probing.contract.script import Answer, Call, Script, Task, Transcript
from lab.shadow.system import System

SCRIPTS = [Script(name, (Call("s", "GET /", f"/{name}"),)) for name in "ab"]
TASKS = [Task(script, {}) for script in SCRIPTS]
BODY = {"large": 2**70, "text": "\ud800", "list": [1.5, None, True]}


class Asked:
    """A reference that counts what it is asked. With a `problem`, its requests get no answer."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.rows = self
        self.asked: list[str] = []

    @contextmanager
    def start(self) -> Iterator[System]:
        self.asked.append("start")
        yield cast(System, self)
        self.asked.append("end")

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        self.asked.append("play")
        return [(Answer(200, BODY, 1.0, 2.5, self.problem),) for _ in tasks]

    def relations(self) -> dict[str, dict[str, str]]:
        self.asked.append("relations")
        return {"public.t": {"id": "N"}}

    def total(self, relation: str, columns: Sequence[str]) -> tuple[int, str]:
        self.asked.append("total")
        return 2, "17"

    def hashes(self, relation: str, columns: Sequence[str]) -> list[int]:
        self.asked.append("hashes")
        return [3]


def opened(folder: Path, asked: Asked, scripts: Sequence[Script] = SCRIPTS, *parts: object) -> Any:
    return kept_reference(folder, scripts, parts, asked.start())


def ask(reference: KeptReference) -> tuple[object, ...]:
    rows = reference.rows
    return reference.play(TASKS), rows.relations(), rows.total("public.t", ["id"])


def test_what_is_kept_is_answered_without_a_reference(tmp_path: Path) -> None:
    first, second = Asked(), Asked()
    with opened(tmp_path, first) as reference:
        answers = ask(reference)
    assert first.asked == ["start", "play", "relations", "total", "end"]
    with opened(tmp_path, second) as reference:
        assert (ask(reference), reference.problem) == (answers, "")
        reference.stop()
    assert second.asked == []


def test_what_is_not_kept_starts_the_reference_once(tmp_path: Path) -> None:
    asked = Asked()
    with opened(tmp_path, Asked()) as reference:
        ask(reference)
    with opened(tmp_path, asked) as reference:
        assert len(reference.play(TASKS[:1])) == 1
        assert reference.rows.hashes("public.t", ["id"]) == [3]
        assert reference.rows.total("public.t", ["id", "name"]) == (2, "17")
    assert asked.asked == ["start", "play", "hashes", "total", "end"]


def test_a_script_that_is_sent_again_has_new_rows_and_so_new_answers(tmp_path: Path) -> None:
    asked = Asked()
    with opened(tmp_path, Asked(), SCRIPTS[:1]) as reference:
        reference.play(TASKS[:1])
    with opened(tmp_path, asked, SCRIPTS[:1]) as reference:
        reference.play(TASKS[:1])
        assert asked.asked == []
        reference.play(TASKS[:1])
        assert asked.asked == ["start", "play"]


@pytest.mark.parametrize("parts", [("another code",), ()], ids=["code", "scripts"])
def test_another_code_or_other_scripts_need_a_reference_of_their_own(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    asked = Asked()
    with opened(tmp_path, Asked()) as reference:
        ask(reference)
    with opened(tmp_path, asked, SCRIPTS if parts else SCRIPTS[:1], *parts):
        assert asked.asked == ["start"]


def test_requests_without_an_answer_are_not_kept(tmp_path: Path) -> None:
    with opened(tmp_path, Asked("no answer")) as reference:
        ask(reference)
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.parametrize("damage", ["cut", "a transcript is missing", "an answer is missing"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    with opened(tmp_path, Asked()) as reference:
        ask(reference)
    (file,) = (tmp_path / FOLDER).iterdir()
    whole = file.read_bytes()
    document = json.loads(whole)
    if damage == "a transcript is missing":
        document["transcripts"].pop()
    elif damage == "an answer is missing":
        document["transcripts"][0].pop()
    file.write_bytes(whole[:-9] if damage == "cut" else json.dumps(document).encode())
    with opened(tmp_path, Asked()) as reference:
        ask(reference)
    assert file.read_bytes() == whole


def test_what_is_doubted_is_deleted(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path, Asked()) as reference:
            ask(reference)
    with opened(tmp_path, Asked()) as reference:
        reference.doubted = True
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_package_without_metadata_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with opened(tmp_path, Asked()) as reference:
        ask(reference)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_where_nothing_can_be_kept_the_comparison_goes_on(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with opened(tmp_path, Asked()) as reference:
        assert len(reference.play(TASKS)) == 2


def test_the_oldest_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    for part in range(4):
        for file in (tmp_path / FOLDER).glob("*"):
            os.utime(file, (0, file.stat().st_mtime - 1))  # the clock of files is coarse
        with opened(tmp_path, Asked(), SCRIPTS, part) as reference:
            ask(reference)
    assert len(list((tmp_path / FOLDER).iterdir())) == 2
    newest, oldest = Asked(), Asked()
    for part, asked in ((3, newest), (0, oldest)):
        with opened(tmp_path, asked, SCRIPTS, part) as reference:
            ask(reference)
    assert (newest.asked, oldest.asked[0]) == ([], "start")
