"""The timeline of a handout has a line a command, and is never in the way of one."""

from pathlib import Path

from lab import timeline


def test_commands_are_kept_in_their_order(tmp_path: Path) -> None:
    (tmp_path / ".lab").mkdir()
    timeline.add(tmp_path, ["up", "--rows", "10"], 0)
    timeline.add(tmp_path, ["logs", "ü\udc80"], 4)
    found = list(timeline.read(tmp_path))
    assert [(one.words, one.code) for one in found] == [(("up", "--rows", "10"), 0), (("logs", "ü\udc80"), 4)]
    assert found[0].at <= found[1].at


def test_lines_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".lab").mkdir()
    timeline.add(tmp_path, ["up"], 0)
    with (tmp_path / timeline.FILE).open("a") as file:
        file.write('{"words": 3}\nnothing\n')
    timeline.add(tmp_path, ["down"], 0)
    assert [one.words for one in timeline.read(tmp_path)] == [("up",), ("down",)]


def test_without_a_lab_or_a_writable_file_nothing_is_written(tmp_path: Path) -> None:
    timeline.add(tmp_path, ["up"], 0)
    assert list(timeline.read(tmp_path)) == []
    (tmp_path / timeline.FILE).mkdir(parents=True)
    timeline.add(tmp_path, ["up"], 0)
    assert list(timeline.read(tmp_path)) == []
