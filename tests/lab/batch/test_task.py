"""Why a process of lab failed is told in its own words, if it still had some."""

from pathlib import Path

import pytest

from lab.batch.task import reason


@pytest.mark.parametrize(
    ("log", "code", "told"),
    [
        ("Measuring bug 6\nlab: The disk is full.\n", 4, "The disk is full."),
        ("", 1, "It ended with exit code 1."),
        ("Measuring bug 6\n", -9, "Its process was ended by SIGKILL."),
        ("Measuring bug 6\n", -40, "Its process was ended by signal 40."),
        ("Measuring bug 6\n", None, "It was not graded within 30 s."),
    ],
)
def test_the_reason_is_never_what_a_killed_process_was_doing(
    log: str, code: int | None, told: str, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text(log)
    assert reason(tmp_path / "log", code, 30.0) == told
