"""Random edits of the candidate: a patch is applied and reverted exactly, or it is refused."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.catalog import Fix, Order
from lab.catalog.unified_diff import blob_id, parse
from lab.engine.file_changes import FileChange
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.state import State
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.workspace import Workspace
from tests.patches import make_patch

PATH = PurePosixPath("app/service.py")
NEW = PurePosixPath("app/queue.py")
SHIPPED = b"".join(b"line %d\n" % n if n % 4 else b"    return None\n" for n in range(40))
LINES = SHIPPED.splitlines(keepends=True)


@dataclass
class Case:
    """A workspace of one file, and a fix that turns lines 19 to 22 into others and adds a file."""

    workspace: Workspace
    fix: Fix
    files: dict[PurePosixPath, bytes | None]

    def read(self, path: PurePosixPath) -> bytes | None:
        return self.files.get(path)

    @property
    def patcher(self) -> Patcher:
        return Patcher(ShippedTexts(self.workspace))

    def state(self) -> State:
        return self.patcher.state_of(self.fix, self.read).state

    def take(self, changes: tuple[FileChange, ...]) -> None:
        for change in changes:
            assert self.files.get(change.path) == change.before
            self.files[change.path] = change.after

    def apply(self) -> None:
        self.take(self.patcher.change(self.fix, Verb.APPLY, self.read))

    def revert(self) -> None:
        self.take(self.patcher.change(self.fix, Verb.REVERT, self.read))


def fixed(lines: list[bytes]) -> list[bytes]:
    """What the fix makes of lines 19 to 22 of the shipped text."""
    assert lines == LINES[18:22]
    return [lines[0], b"fixed one\n", b"    return None\n", b"fixed two\n", lines[3]]


FIXED = b"".join([*LINES[:18], *fixed(LINES[18:22]), *LINES[22:]])
QUEUE = b"queue = []\n"


def case(folder: Path, content: bytes | None = SHIPPED) -> Case:
    workspace = Workspace(folder)
    workspace.shipped.mkdir(parents=True, exist_ok=True)
    (workspace.shipped / blob_id(SHIPPED)).write_bytes(SHIPPED)
    patch = make_patch({str(PATH): (SHIPPED, FIXED), str(NEW): (None, QUEUE)})
    fix = Fix(
        number=1,
        slug="s",
        title="t",
        difficulty="easy",
        area="a",
        symptom="s",
        hints=("h",),
        objects=(),
        requires=(),
        order=Order.MIGRATION_FIRST,
        probe=None,
        folder=folder,
        files=parse(patch),
    )
    return Case(workspace, fix, {PATH: content, NEW: None})


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("patches")


texts = st.lists(
    st.sampled_from([b"mine\n", b"line 3\n", b"    return None\n", b"\n", b"caf\xe9\n"]), max_size=4
)


@st.composite
def far_edits(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """Random replacements above and below, the three lines around the fix's left alone."""

    def edit(lines: list[bytes]) -> list[bytes]:
        start = draw(st.integers(0, len(lines)))
        end = draw(st.integers(start, min(len(lines), start + 5)))
        return [*lines[:start], *draw(texts), *lines[end:]]

    above, below = LINES[:15], LINES[25:]
    for _ in range(draw(st.integers(0, 3))):
        above, below = edit(above), edit(below)
    return [*above, *LINES[15:18]], [*LINES[22:25], *below]


def restyle(text: bytes, style: str) -> bytes:
    text = text.replace(b"\n", b"\r\n") if "crlf" in style else text
    return text.rstrip(b"\r\n") if "bare" in style else text


styles = st.sampled_from(["", "crlf", "bare", "crlf bare"])
few_or_many = pytest.mark.parametrize("examples", [30, pytest.param(100, marks=pytest.mark.slow)])


@few_or_many
def test_with_edits_elsewhere_it_is_applied_and_reverted_exactly(folder: Path, examples: int) -> None:
    @settings(max_examples=examples)
    @given(edits=far_edits(), style=styles)
    def holds(edits: tuple[list[bytes], list[bytes]], style: str) -> None:
        above, below = edits
        before = restyle(b"".join([*above, *LINES[18:22], *below]), style)
        lab = case(folder, before)
        assert lab.state() is State.ABSENT
        lab.apply()
        assert lab.files[PATH] == restyle(b"".join([*above, *fixed(LINES[18:22]), *below]), style)
        assert lab.state() is State.PRESENT
        lab.revert()
        assert lab.files == {PATH: before, NEW: None}

    holds()


@few_or_many
def test_with_edits_anywhere_it_is_exact_or_refused(folder: Path, examples: int) -> None:
    @settings(max_examples=examples)
    @given(data=st.data(), style=styles)
    def holds(data: st.DataObject, style: str) -> None:
        lines = list(LINES)
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(lines)))
            end = data.draw(st.integers(start, min(len(lines), start + 4)))
            lines[start:end] = data.draw(texts)
        before = restyle(b"".join(lines), style)
        lab = case(folder, before)
        try:
            lab.apply()
        except Refused:
            assert lab.files == {PATH: before, NEW: None}
            assert lab.state() is not State.PRESENT
            return
        assert lab.state() is State.PRESENT
        lab.revert()
        assert lab.files == {PATH: before, NEW: None}

    holds()


@few_or_many
def test_a_file_with_mixed_line_ends_keeps_its_bytes(folder: Path, examples: int) -> None:
    @settings(max_examples=examples)
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        ends = [data.draw(st.sampled_from([b"\n", b"\r\n"])) for _ in LINES]
        before = b"".join(line.rstrip(b"\n") + end for line, end in zip(LINES, ends, strict=True))
        lab = case(folder, before)
        try:
            lab.apply()
        except Refused:  # the fix's lines have CRLF line ends, which count as edits
            assert lab.files[PATH] == before
            return
        after = lab.files[PATH]
        assert after is not None
        assert after.startswith(b"".join(before.splitlines(keepends=True)[:18]))
        assert after.endswith(b"".join(before.splitlines(keepends=True)[22:]))
        lab.revert()
        assert lab.files[PATH] == before

    holds()


def test_an_edit_of_the_same_lines_is_shown_without_the_lines_of_the_fix(folder: Path) -> None:
    lab = case(folder, SHIPPED.replace(LINES[19], b"my own line\n"))
    with pytest.raises(Refused) as refusal:
        lab.apply()
    text = str(refusal.value)
    assert "app/service.py was edited in the lines that the fix changes (line 20)" in text
    assert "my own line" in text
    assert "fixed" not in text
    assert "<<<<" not in text


@settings(max_examples=20)
@given(data=st.data(), style=styles)
def test_what_is_in_the_way_is_replaced_so_that_the_fix_is_there_and_can_be_reverted(
    folder: Path, data: st.DataObject, style: str
) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(lines)))
        end = data.draw(st.integers(start, min(len(lines), start + 4)))
        lines[start:end] = data.draw(texts)
    lab = case(folder, restyle(b"".join(lines), style))
    lab.files[NEW] = data.draw(st.sampled_from([None, b"my queue\n"]))
    try:
        changes = lab.patcher.replacement(lab.fix, lab.read)
    except Refused:
        return
    lab.take(changes)
    applied = dict(lab.files)
    assert lab.state() is State.PRESENT
    lab.revert()
    assert lab.state() is State.ABSENT
    lab.apply()
    assert lab.files == applied


def test_only_the_lines_in_conflict_are_replaced(folder: Path) -> None:
    lab = case(folder, b"mine\n" + SHIPPED.replace(LINES[19], b"my own line\n"))
    lab.take(lab.patcher.replacement(lab.fix, lab.read))
    assert lab.files == {PATH: b"mine\n" + FIXED, NEW: QUEUE}


def test_revert_is_refused_if_the_fixed_lines_were_edited(folder: Path) -> None:
    lab = case(folder)
    lab.apply()
    edited = lab.files[PATH]
    assert edited is not None
    edited = lab.files[PATH] = edited.replace(b"fixed two", b"improved two")
    with pytest.raises(Refused, match="cannot be reverted"):
        lab.revert()
    assert lab.files[PATH] == edited
    assert lab.state() is State.MIXED


def test_revert_is_refused_if_the_new_file_was_edited(folder: Path) -> None:
    lab = case(folder)
    lab.apply()
    lab.files[NEW] = QUEUE + b"mine = True\n"
    with pytest.raises(Refused, match=r"app/queue\.py is there, with other lines"):
        lab.revert()


def test_apply_is_refused_if_the_candidate_has_a_file_of_that_name(folder: Path) -> None:
    lab = case(folder)
    lab.files[NEW] = b"my queue\n"
    with pytest.raises(Refused, match=r"app/queue\.py is there"):
        lab.apply()


def test_a_part_of_the_fix_written_by_hand_is_mixed_and_the_rest_is_named(folder: Path) -> None:
    shipped = b"".join(b"line %d\n" % n for n in range(30))
    both = shipped.replace(b"line 5\n", b"five\n").replace(b"line 20\n", b"twenty\n")
    workspace = Workspace(folder)
    (workspace.shipped / blob_id(shipped)).write_bytes(shipped)
    lab = case(folder)
    half = shipped.replace(b"line 5\n", b"five\n")
    lab.fix = replace(lab.fix, files=parse(make_patch({str(PATH): (shipped, both)})))
    lab.files = {PATH: half}
    finding = lab.patcher.state_of(lab.fix, lab.read)
    assert finding.state is State.MIXED
    assert finding.why == ("app/service.py has only a part of the fix: the rest of it would change line 21",)
    with pytest.raises(Refused, match="line 21"):
        lab.apply()
    assert lab.files == {PATH: half}


def test_apply_and_revert_are_idempotent(folder: Path) -> None:
    lab = case(folder)
    lab.revert()
    assert lab.files == {PATH: SHIPPED, NEW: None}
    lab.apply()
    applied = dict(lab.files)
    lab.apply()
    assert lab.files == applied


def test_a_binary_file_is_refused(folder: Path) -> None:
    lab = case(folder, SHIPPED.replace(b"line 1\n", b"\0\n"))
    assert lab.patcher.state_of(lab.fix, lab.read).why[0] == "app/service.py is not a text"
    with pytest.raises(Refused, match="not a text"):
        lab.apply()


def test_a_missing_file_is_reported(folder: Path) -> None:
    lab = case(folder, None)
    assert lab.patcher.state_of(lab.fix, lab.read).why[0] == "app/service.py is missing"
    with pytest.raises(Refused, match="is missing"):
        lab.apply()
