"""The last lines of a log of any length are read, then every new line once."""

from pathlib import Path

import pytest

from lab.runtime.log_files import BLOCK, read, tail


@pytest.mark.parametrize("wanted", [0, 1, 3, 2000, 5000])
def test_the_requested_number_of_whole_lines_is_returned(tmp_path: Path, wanted: int) -> None:
    lines = [f"{n} " + "x" * (BLOCK // 500) for n in range(2500)]
    log = tmp_path / "log"
    log.write_text("\n".join(lines) + "\n")
    assert tail(log, wanted) == tuple(lines[-wanted:] if wanted else [])


def test_a_missing_log_has_no_lines(tmp_path: Path) -> None:
    assert tail(tmp_path / "log") == ()


def test_a_line_written_while_the_last_lines_are_read_is_not_missed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\nsecond\n")
    stream = read({"a": log}, 1, follow=True)
    assert next(stream) == ("a", "second")
    with log.open("a") as file:
        file.write("third\n")
    assert next(stream) == ("a", "third")


def test_a_followed_log_is_read_to_its_end_before_the_one_that_replaced_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\n")
    stream = read({"a": log}, 1, follow=True)
    assert next(stream) == ("a", "first")
    with log.open("a") as file:
        file.write("second\nthi")
    assert next(stream) == ("a", "second")
    with log.open("a") as file:
        file.write("rd\nwithout a line end")
    log.rename(tmp_path / "old")
    log.write_text("fourth\n")
    assert next(stream) == ("a", "third")
    assert next(stream) == ("a", "without a line end")
    assert next(stream) == ("a", "fourth")


def test_lines_of_several_files_come_in_the_order_of_time_also_new_ones(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("2026-01-01 00:00:01Z one\nits next line\n2026-01-01 00:00:03Z three\n")
    b.write_text("2026-01-01 00:00:02Z two\n")
    stream = read({"a": a, "b": b}, 10, follow=True)
    assert [next(stream)[1].split()[-1] for _ in range(4)] == ["one", "line", "two", "three"]
    with a.open("a") as late, b.open("a") as early:
        early.write("2026-01-01 00:00:04Z four\n")
        late.write("2026-01-01 00:00:05Z five\n")
    assert [next(stream)[0] for _ in range(2)] == ["b", "a"]
