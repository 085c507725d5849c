"""The linter is asked about statements that have a place, and not about what is measured."""

import shutil
from pathlib import Path

import pytest

from lab.engine.watched import Statement
from lab.review.linter import linted
from lab.review.source import Source

SOURCES = {"r.py": Source("r.py", "a = (\n    1\n)\nb = 2\n")}


def statement(sql: str, line: int = 2, file: str = "r.py") -> Statement:
    return Statement(sql, file, line, 0.1, "", True)


def test_what_the_linter_says_is_a_note_at_the_statement() -> None:
    given = [statement("CREATE TABLE t (a int)", 4), statement("ALTER TABLE t ADD COLUMN c char(3);")]
    (found,) = linted(given, SOURCES)
    assert (found.id, found.severity, found.line) == ("linter", "note", 1)
    assert found.seen.startswith("squawk, ban-char-field: ")


def test_it_is_not_asked_about_what_is_measured_or_has_no_place() -> None:
    char = "ALTER TABLE t ADD c char(3)"
    others = [statement("CREATE INDEX i ON t (a)"), statement(char, 0), statement(char, 1, "other.py")]
    others += [statement(f"SELECT 1 -- {char}"), statement(f"SELECT '{'x' * 4000}'")]
    assert [one.line for one in linted([*others, statement(char, 4)], SOURCES)] == [4]


def test_without_the_linter_there_are_no_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert list(linted([statement("ALTER TABLE t ADD c char(3)")], SOURCES)) == []


def test_a_linter_that_fails_or_talks_nonsense_gives_no_notes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "squawk"
    monkeypatch.setattr(shutil, "which", lambda *_, **__: str(program))
    given = [statement("ALTER TABLE t ADD c char(3)")]
    assert list(linted(given, SOURCES)) == []
    for text in ("[{", "7", "[7]", '[{"line": "x"}]', '[{"line": 99}]'):
        program.write_text(f"#!/bin/sh\necho '{text}'\n")
        program.chmod(0o755)
        assert list(linted(given, SOURCES)) == []
