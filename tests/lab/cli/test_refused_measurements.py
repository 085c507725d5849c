"""What measures refuses a wrong number, and a workspace whose lab is not up, before it makes anything."""

from pathlib import Path

import pytest

from lab.cli.main import cli
from lab.errors import EnvironmentFault, UsageError
from tests.measuring import copy_shipped


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "9"), r"There is no bug 9\."),
        (("check", "queries"), r"There is no bug 'queries'\."),
        (("check", "--watch", "9"), r"There is no bug 9\."),
        *((("demo", token), "lab fix list") for token in ("9", "1-3", "all", "no_such_bug")),
        (("fix", "verify", "999"), r"There is no fix 999\."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_number_is_2_also_where_no_lab_is_up(
    tmp_path: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        cli.main(["-C", str(copy_shipped(tmp_path)), *words], standalone_mode=False)
    assert (raised.value.exit_code, capsys.readouterr().out) == (2, "")


@pytest.mark.parametrize("words", [("check",), ("demo", "4"), ("fix", "verify")], ids=" ".join)
def test_no_lab_is_4_and_says_how_to_bring_one_up(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvironmentFault, match="lab up") as raised:
        cli.main(["-C", str(copy_shipped(tmp_path)), *words], standalone_mode=False)
    assert (raised.value.exit_code, capsys.readouterr().out) == (4, "")
