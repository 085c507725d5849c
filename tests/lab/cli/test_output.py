"""Results on standard output, as JSON or for people; progress on standard error, in a pipe or a terminal."""

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from rich.console import RenderableType

from lab.cli import output
from lab.cli.tables import table
from lab.progress import Update


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Found:
    folder: Path
    colours: tuple[Colour, ...]
    by_name: dict[str, float | None]


FOUND = Found(Path("/a/folder"), (Colour.RED,), {"é": 1.5, "none": None})


def on_a_terminal(code: str) -> str:
    """Return what the code writes to a terminal of 80 columns."""
    terminal, its_end = os.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        finished = subprocess.run(
            [sys.executable, "-c", code], stdout=its_end, stderr=its_end, env=env, timeout=60
        )
        os.close(its_end)
        written = screen.read(100_000).decode()
    assert finished.returncode == 0
    return written


def view(found: Found) -> Iterable[RenderableType]:
    yield f"In {found.folder}: [bold]"
    listed = table("N", "TEXT")
    listed.add_row("1", "word " * 40)
    yield listed


def test_json_has_paths_and_enums_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.result(FOUND, True, view)

    assert json.loads(capsys.readouterr().out) == {
        "folder": "/a/folder",
        "colours": ["red"],
        "by_name": {"é": 1.5, "none": None},
    }


def test_a_pipe_gets_text_without_markup_and_a_row_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.result(FOUND, False, view)

    first, head, row = capsys.readouterr().out.splitlines()
    assert first == "In /a/folder: [bold]"
    assert head.split() == ["N", "TEXT"]
    assert row.split() == ["1", *["word"] * 40]
    assert [line.rstrip() for line in (first, head, row)] == [first, head, row]


def test_a_pipe_gets_a_line_for_each_stage_and_each_finished_step(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as progress:
        for update in (
            Update("Making rows", 0, 100),
            Update("Making rows", 50, 100),
            Update("migration", seconds=0.125),
            Update("Starting the services"),
        ):
            progress(update)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["Making rows …", "migration  0.12 s", "Starting the services …"]


def test_a_terminal_gets_a_bar_for_a_stage_and_keeps_a_line_for_each_finished_step() -> None:
    code = (
        "from lab.cli import output\n"
        "from lab.progress import Update\n"
        "with output.progress() as progress:\n"
        "    progress(Update('patch', seconds=1.0))\n"
        "    progress(Update('Making rows', 5, 10))\n"
        "    progress(Update('migration', seconds=2.0))\n"
    )
    written = on_a_terminal(code)

    assert written.startswith("patch  1.00 s\r\n")
    assert "Making rows" in written
    assert "━" in written
    assert "migration  2.00 s" in written


def test_a_terminal_gets_lines_broken_at_spaces_but_paths_whole_and_texts_to_be_copied_as_they_are() -> None:
    code = (
        "from lab.cli import output\n"
        "from lab.cli.tables import Verbatim\n"
        "parts = ['\\n  ' + 'three ' * 16, 'Raw data: /' + 'p' * 90, Verbatim('SQL ' * 25)]\n"
        "output.result(None, False, lambda _: parts)\n"
        "output.message('lab: ' + 'three ' * 16)\n"
    )

    assert [line.rstrip() for line in on_a_terminal(code).splitlines()] == [
        "",
        "  three three three three three three three three three three three three three",
        "  three three three",
        "Raw data:",
        f"/{'p' * 90}",
        ("SQL " * 25).rstrip(),
        "lab: three three three three three three three three three three three three",
        "three three three three",
    ]


def test_a_closed_pipe_is_an_error_also_where_rich_writes_what_came_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python buffers the text before a table. Rich flushes it, and would exit with code 1."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(BrokenPipeError):
        output.result(FOUND, False, view)
    with pytest.raises(BrokenPipeError):
        stream.close()
