"""What `down` and `reset` print: where the data and the edits are."""

from pathlib import Path, PurePosixPath

import pytest

from lab.cli import lifecycle_views
from lab.operations.down import Down
from lab.operations.reset import Reset
from lab.operations.restore_code import RestoredCode


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (
            Down(("worker",), True, False),
            "Stopped worker, the database. The data is kept. Start again: lab up",
        ),
        (Down((), False, False), "Nothing was running. The data is kept. Start again: lab up"),
        (Down((), True, True), "Stopped the database. The data is deleted."),
        (
            Down((), False, True, left="db.example:5432/lab"),
            "Nothing was running. The data in this folder is deleted. "
            "The database db.example:5432/lab and its template are not: their server does not answer. "
            "When it does: LAB_DATABASE_URL=… lab down --destroy",
        ),
    ],
)
def test_down_says_what_was_stopped_and_where_the_data_is(done: Down, line: str) -> None:
    assert list(lifecycle_views.down(done)) == [line]


def test_reset_names_the_fixes_that_stay_applied() -> None:
    assert list(lifecycle_views.reset(Reset(0.5, "0002", (1, 5), None))) == [
        "The database has its original rows again, at revision 0002 (0.50 s).",
        "Still applied: fix 1, 5.",
    ]


def test_reset_says_that_an_interrupted_change_was_ended() -> None:
    recovered = Reset(0.5, "0002", (), None, recovered=(3,))
    assert next(iter(lifecycle_views.reset(recovered))) == (
        "First ended an interrupted change. Fix 3 is not applied."
    )


def test_reset_of_the_code_says_how_to_get_the_edits_back() -> None:
    restored = RestoredCode((PurePosixPath("app/one.py"), PurePosixPath("app/two.py")), Path("/a b/1.patch"))

    assert list(lifecycle_views.reset(Reset(0.5, "0002", (), restored)))[1:] == [
        "Restored the shipped code: app/one.py, app/two.py.",
        "Your edits are saved. To get them back: git apply '/a b/1.patch'",
    ]
    assert list(lifecycle_views.reset(Reset(0.5, "0002", (), RestoredCode((), None))))[1:] == [
        "The code was already as shipped."
    ]
