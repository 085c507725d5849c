"""A diff is applied to exactly the text that it was made from, or not at all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.catalog.unified_diff import DoesNotApply, InvalidDiff, blob_id, parse
from lab.shell import run
from tests.patches import make_patch

texts = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"\n", b"c\r\n", b"-d\n", b"\xff\n", b"a"]), max_size=12
).map(b"".join)


@given(before=texts, after=texts)
def test_apply_gives_the_new_text(before: bytes, after: bytes) -> None:
    if before == after:
        return
    (file,) = parse(make_patch({"app/x.py": (before, after)}))
    assert file.apply(before) == after


def test_a_diff_written_by_git_is_read(tmp_path: Path) -> None:
    before = b"".join(b"%d\n" % n for n in range(30))
    after = before.replace(b"\n3\n", b"\nthree\nmore\n").replace(b"28\n29\n", b"28\nend")
    run(["git", "init", "-q"], cwd=tmp_path)
    (tmp_path / "x.py").write_bytes(before)
    run(["git", "add", "x.py"], cwd=tmp_path)
    (tmp_path / "x.py").write_bytes(after)
    (tmp_path / "new.py").write_bytes(b"new\n")
    (tmp_path / "empty.py").write_bytes(b"")
    run(["git", "add", "-N", "new.py", "empty.py"], cwd=tmp_path)
    files = {str(f.path): f for f in parse(run(["git", "diff", "--full-index"], cwd=tmp_path).stdout)}
    assert files["x.py"].apply(before) == after
    assert [list(hunk.changed) for hunk in files["x.py"].hunks] == [[(3, 4)], [(29, 30)]]
    assert files["new.py"].apply(b"") == b"new\n"
    assert files["empty.py"].apply(b"") == b""


def test_another_text_is_refused_even_if_it_is_shifted_by_one_line() -> None:
    (file,) = parse(make_patch({"app/x.py": (b"a\nb\n", b"a\nc\n")}))
    with pytest.raises(DoesNotApply, match="the hunk at line 1 does not match"):
        file.apply(b"new\na\nb\n")
    with pytest.raises(DoesNotApply, match=blob_id(b"a\nc\n")):
        file.apply(b"a\nb\nmore\n")


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (b"deleted file mode 100644\n", "deletes the file"),
        (b"rename from a\n", "renames the file"),
        (b"old mode 100644\n", "changes the file's mode"),
        (b"GIT binary patch\n", "is binary"),
        (b"nonsense\n", "not a line of a diff"),
        (b"index 1234567..89abcde 100644\n", "--full-index"),
    ],
)
def test_an_unsupported_change_is_named(extra: bytes, problem: str) -> None:
    with pytest.raises(InvalidDiff, match=problem):
        parse(b"diff --git a/app/x.py b/app/x.py\n" + extra)


@pytest.mark.parametrize("path", ["../x.py", "/x.py", ".git/config", ".lab/journal"])
def test_a_path_outside_the_workspace_is_refused(path: str) -> None:
    with pytest.raises(InvalidDiff, match="outside the workspace"):
        parse(make_patch({path: (b"a\n", b"b\n")}))


def test_every_mistake_is_reported_at_once() -> None:
    good = make_patch({"app/x.py": (b"a\n", b"b\n")})
    with pytest.raises(InvalidDiff) as error:
        parse(b"hello\n" + good + good + good.replace(b"@@ -1 +1 @@", b"@@ -1,9 +1 @@"))
    assert [problem.partition(":")[0] for problem in error.value.problems] == [
        "line 1",
        "app/x.py",
        "app/x.py",
    ]
