"""The time of the work is from the first to the last thing that the candidate's own records show."""

from lab.git import Commit
from lab.grading.working_time import working_time
from lab.timeline import Command


def test_the_time_is_from_the_first_record_to_the_last_of_either_kind() -> None:
    commands = [Command(("up",), 0, 100.0), Command(("check",), 1, 160.0)]
    assert working_time(commands, [Commit(400.0, "Add an index"), Commit(130.0, "Start")]) == 300.0
    assert working_time(commands, []) == 60.0


def test_without_records_no_time_is_known() -> None:
    assert working_time([], []) is None
